import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { writeWhole } from '../whole-file.ts';

/** `portvakt audit export`: for the operator the whole audit up to a checkpoint that is made for it, for others their own records. */
export function define(command: Command): void {
  command
    .description(
      'Writes the audit out, a JSON object a line, up to a checkpoint: all of it for the operator, the own records for others.',
    )
    .option('-f, --file <file>', 'write to this file, which appears when it is whole; default: standard output')
    .action(async (options: ExportOptions) => exportAudit(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'to a file', run: 'portvakt audit export --file audit.ndjson' },
      {
        does: 'and verified where it is kept',
        run: 'portvakt audit keys > audit-keys.json\nportvakt audit verify audit.ndjson --keys audit-keys.json',
      },
    ],
    seeAlso: ['portvakt audit verify', 'docs/operations/watch.md'],
  });
}

type ExportOptions = { readonly file?: string };

async function exportAudit({ file }: ExportOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const lines = await api.download('/audit/export', ['portvakt:audit.read']);
  if (file === undefined) await pipeline(lines, process.stdout, { end: false });
  else await writeWhole(file, lines);
  if (file !== undefined) terminal.say(`the audit is in ${file}`);
  terminal.next(`portvakt audit verify ${file ?? 'FILE'} --keys audit-keys.json`);
}
