import type { Command } from 'commander';
import { delegation as delegationShape } from '../acting-shapes.ts';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import { WRITE_DELEGATIONS } from '../api-scopes.ts';
import { confirm } from '../confirm.ts';
import { type DelegationRow, readDelegationRows } from '../delegation-rows.ts';
import { Failure, toFailure } from '../failure.ts';
import { document } from '../help.ts';
import { readInput } from '../input.ts';
import { instantOf } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt delegation import` */
export function define(command: Command): void {
  changeOptions(command)
    .description('Gives everything in a file: CSV with the columns scope and supplier_orgno, and perhaps valid_to and reason.')
    .argument('<file>', 'the file, or - for standard input')
    .option('--until <date>', 'last day of every line that names none')
    .action(async (file: string, options: ImportOptions) => importRows(file, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'one line, tried',
        run: 'printf "scope,supplier_orgno\\nprove:bygg.read,310555053\\n" |\n  portvakt delegation import - --dry-run',
      },
      {
        does: 'each for a time; what has been given stays',
        run: 'printf "scope,supplier_orgno\\nprove:bygg.read,310555029\\n" |\n  portvakt delegation import - --until 2099-12-31 -o json',
      },
    ],
    seeAlso: ['portvakt delegation give', 'portvakt delegation list'],
  });
}

type ImportOptions = ChangeOptions & { readonly until?: string };

/** What became of a line. */
type Imported = {
  readonly scope: string;
  readonly supplier_orgno: string;
  readonly result: 'given' | 'already given' | 'failed';
  readonly id: string | null;
  readonly message: string | null;
};

async function importRows(file: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const rows = readDelegationRows(await readInput(file));
  const until = options.until === undefined ? undefined : instantOf(options.until, 'ends');
  const bodies = rows.map((row) => ({ row, body: bodyOf(row, until) }));
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `${rows.length} delegations are given.`, takesAway: false });
  const results: Imported[] = [];
  for (const { row, body } of bodies) results.push(await give(api, row, body));
  await terminal.answer({ items: results, next: null }, view);
  const count = (wanted: Imported['result']) => results.filter(({ result }) => result === wanted).length;
  const summary = `${count('given')} given, ${count('already given')} already given, ${count('failed')} failed`;
  terminal.say(api.dryRun ? `dry run, nothing is stored: ${summary}` : summary);
  if (count('failed') > 0) throw new Failure('invalid', summary);
}

function bodyOf({ scope, supplier, until, reason }: DelegationRow, last: string | undefined): object {
  const valid_to = until === undefined ? last : instantOf(until, 'ends');
  return {
    supplier_orgno: supplier,
    scopes: [scope],
    ...(valid_to !== undefined && { valid_to }),
    ...(reason !== undefined && { reason }),
  };
}

async function give(api: ApiClient, { scope, supplier }: DelegationRow, body: object): Promise<Imported> {
  const row = { scope, supplier_orgno: supplier, id: null, message: null };
  try {
    const { object } = await api.change('POST', '/delegations', { body, scopes: WRITE_DELEGATIONS, shape: delegationShape });
    return { ...row, result: 'given', id: object.id };
  } catch (error) {
    const { exit, message } = toFailure(error);
    if (exit === 'conflict') return { ...row, result: 'already given' };
    if (exit !== 'invalid') throw error;
    return { ...row, result: 'failed', message };
  }
}

const view: View<Imported> = {
  fields: [
    { name: 'scope' },
    { name: 'supplier_orgno', heading: 'supplier' },
    { name: 'result' },
    { name: 'id' },
    { name: 'message' },
  ],
  name: ({ scope, supplier_orgno, id }) => `delegation/${id ?? `${scope}/${supplier_orgno}`}`,
};
