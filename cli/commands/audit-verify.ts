import type { Command } from 'commander';
import { AuditBroken } from '../../server/audit/line.ts';
import type { AuditSummary } from '../../server/audit/verify.ts';
import { bent, readCheckpointKeys, verifyFile } from '../audit-file.ts';
import { document } from '../help.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt audit verify`: offline, with nothing but the public keys. `PV-SEC-108` */
export function define(command: Command): void {
  command
    .description('Verifies an audit that was taken out: every record, its place, and every checkpoint. Asks no server.')
    .argument('<file>', 'what portvakt audit export wrote; - for standard input')
    .requiredOption('--keys <file>', 'what portvakt audit keys printed: a JWK set, kept apart from the audit')
    .action(async (file: string, options: VerifyOptions) => verify(file, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'exit 0 when nothing was changed, 11 and the place when something was',
        run: 'portvakt audit verify audit.ndjson --keys audit-keys.json',
      },
      { does: 'from elsewhere', run: 'cat audit.ndjson | portvakt audit verify - --keys audit-keys.json' },
    ],
    seeAlso: ['portvakt audit export', 'portvakt help exit-codes'],
  });
}

type VerifyOptions = { readonly keys: string };

async function verify(file: string, options: VerifyOptions, terminal: Terminal): Promise<void> {
  const keys = await readCheckpointKeys(options.keys);
  try {
    const { last_checkpoint_at: at, ...summary } = (await verifyFile(file, keys)).summary;
    await terminal.answer({ ...summary, last_checkpoint_at: rfc3339(at) }, view);
  } catch (error) {
    throw error instanceof AuditBroken ? bent(error) : error;
  }
}

/** Times are spelled out. */
type Verified = Omit<AuditSummary, 'last_checkpoint_at'> & { readonly last_checkpoint_at: string };

const view: View<Verified> = {
  fields: [
    { name: 'records' },
    { name: 'checkpoints' },
    { name: 'chains' },
    {
      name: 'begins_after_checkpoint',
      text: ({ begins_after_checkpoint: base }) => (base === 0 ? 'from the beginning' : `after checkpoint ${base}`),
    },
    { name: 'last_sequence' },
    { name: 'last_checkpoint' },
    { name: 'last_checkpoint_at' },
    { name: 'unsealed' },
  ],
  name: ({ last_checkpoint }) => `checkpoint/${last_checkpoint}`,
};
