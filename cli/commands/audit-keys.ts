import type { Command } from 'commander';
import { z } from 'zod';
import { openPublicApi } from '../api-client.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

const keysShape = z.object({ keys: z.array(z.record(z.string(), z.string())) });
type Keys = z.infer<typeof keysShape>;

/** `portvakt audit keys`: the public keys of every checkpoint, as a JWK set. */
export function define(command: Command): void {
  command
    .description(
      'Prints the public keys that checkpoints of the audit are verified with, as a JWK set. Keep them apart from the audit.',
    )
    .action(async () => print(Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'to a file, kept where the server cannot change it', run: 'portvakt audit keys > audit-keys.json' },
      { does: 'their names alone', run: 'portvakt audit keys -o name' },
    ],
    seeAlso: ['portvakt audit verify', 'portvakt audit export'],
  });
}

async function print(terminal: Terminal): Promise<void> {
  const api = await openPublicApi(terminal);
  const { object } = await api.get('/audit/keys', keysShape, []);
  await terminal.answer(object, view);
}

/** A JWK set is a document for programs, whoever looks at it. */
const view: View<Keys> = {
  fields: [{ name: 'keys' }],
  name: ({ keys }) => keys.map(({ kid }) => `audit-key/${kid}`).join('\n'),
  text: (keys) => `${JSON.stringify(keys, null, 2)}\n`,
};
