import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ListOptions, listOptions } from '../api-options.ts';
import { addressOf, auditRecord, auditView, type FilterOptions, filterOptions, READ_AUDIT } from '../audit-records.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt audit list`: what the own organisation did and what was done in its name; for the operator everything. */
export function define(command: Command): void {
  filterOptions(listOptions(command))
    .description('Lists the own records of the audit, newest first; for the operator all.')
    .action(async (options: Options) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what happened last', run: 'portvakt audit list --limit 20' },
      {
        does: 'every refusal since a day, for a spreadsheet',
        run: 'portvakt audit list --type token.refused --from 2026-01-01 --all -o csv',
      },
    ],
    seeAlso: ['portvakt audit tail', 'portvakt audit export', 'docs/operations/watch.md'],
  });
}

type Options = ListOptions & FilterOptions;

async function list(options: Options, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const found = await readPages(api, addressOf(options), { shape: auditRecord, scopes: READ_AUDIT, part: options });
  const view = auditView(await api.moment());
  await terminal.answer(sorted(api, found, view), view);
}
