import type { Command } from 'commander';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { readGrant, signGrant } from '../grant.ts';
import { addGrantOptions, type GrantOptions } from '../grant-options.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt assertion create`: signs an assertion and prints it. Offline; nothing is sent. */
export function define(command: Command): void {
  addGrantOptions(command)
    .description('Signs an assertion and prints it. Nothing is sent: POST it to the token endpoint within its lifetime.')
    .action(async (options: GrantOptions) => create(options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'by a client of the running dev server, with its enterprise certificate',
        run: 'portvakt assertion create --client demo-certificate \\\n  --scope prove:bygg.read',
      },
      {
        does: 'with a key of your own, sent with curl',
        run: 'portvakt assertion create --issuer http://localhost:7300/ --key ./bygg.pem \\\n  --client-id 7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44 \\\n  --scope prove:bygg.read > request.jwt',
      },
    ],
    seeAlso: ['portvakt assertion inspect', 'portvakt token get'],
  });
}

type Created = { readonly assertion: string; readonly header: object; readonly claims: object };

async function create(options: GrantOptions, terminal: Terminal): Promise<void> {
  const assertion = await signGrant(await readGrant(options, terminal));
  await terminal.answer({ assertion, header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) }, view);
}

const view: View<Created> = {
  fields: [{ name: 'assertion' }, { name: 'header' }, { name: 'claims' }],
  name: ({ assertion }) => assertion,
  text: ({ assertion }) => `${assertion}\n`,
};
