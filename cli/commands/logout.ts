import type { Command } from 'commander';
import { ADMIN_SCOPES } from '../../server/core/admin-scopes.ts';
import { AdminTokens } from '../admin-token.ts';
import { chooseContext } from '../context.ts';
import { readContexts, writeContexts } from '../context-file.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt logout`: a context forgets as whom it speaks, and its tokens. Key files stay where they are. */
export function define(command: Command): void {
  command
    .description('Forgets as whom a context speaks, and the tokens at hand. Key files stay where they are.')
    .action(async () => logout(Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'of the current context', run: 'portvakt logout' },
      { does: 'of another', run: 'portvakt logout --context demo-operator' },
    ],
    seeAlso: ['portvakt login', 'portvakt context remove'],
  });
}

type LoggedOut = { readonly context: string; readonly server: string; readonly was_logged_in: boolean };

async function logout(terminal: Terminal): Promise<void> {
  const context = await chooseContext(terminal);
  const { name, server, auth } = context;
  if (auth) {
    await new AdminTokens(context, terminal).drop(ADMIN_SCOPES).catch((error: unknown) => {
      if (auth.type !== 'dev') throw error;
    });
    const contexts = await readContexts();
    const { auth: _, scopes: __, ...kept } = contexts.contexts[name] ?? { server };
    await writeContexts({ ...contexts, contexts: { ...contexts.contexts, [name]: kept } });
  }
  terminal.say(auth ? `context ${name} speaks for nobody now` : `context ${name} spoke for nobody`);
  await terminal.answer({ context: name, server, was_logged_in: auth !== undefined }, view);
}

const view: View<LoggedOut> = {
  fields: [{ name: 'context' }, { name: 'server' }, { name: 'was_logged_in' }],
  name: ({ context }) => `context/${context}`,
};
