import type { Command } from 'commander';
import { type AccessRow, readAccessRows } from '../access-rows.ts';
import { givenView } from '../access-view.ts';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import { WRITE_SCOPES } from '../api-scopes.ts';
import { type Access, access as accessShape } from '../api-shapes.ts';
import { confirm } from '../confirm.ts';
import { Failure, toFailure } from '../failure.ts';
import { accessAddress, givenAccesses } from '../find-access.ts';
import { ownScope } from '../find-scope.ts';
import { document } from '../help.ts';
import { readInput } from '../input.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt access import` */
export function defineImport(command: Command): void {
  changeOptions(command)
    .description('Lets in everybody in a file: CSV with the columns scope and consumer_orgno, or a list of organisation numbers.')
    .argument('<file>', 'the file, or - for standard input')
    .option('--scope <scope>', 'the scope of every line')
    .action(async (file: string, options: ImportOptions) => importRows(file, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'a list of organisation numbers', run: 'echo 310555045 | portvakt access import - --scope prove:bygg.read' },
      { does: 'what was exported', run: 'portvakt access export > accesses.csv && \\\n  portvakt access import accesses.csv' },
    ],
    seeAlso: ['portvakt access export', 'portvakt access grant'],
  });
}

/** `portvakt access export` */
export function defineExport(command: Command): void {
  command
    .description('Prints all accesses to the scopes of your organisation as CSV, or in the format asked for.')
    .argument('[scope]', 'one scope alone')
    .action(async (scope: string | undefined) => exportRows(scope, command));
  document(command, {
    examples: [
      { does: 'everything', run: 'portvakt access export > accesses.csv' },
      { does: 'one scope, for a program', run: 'portvakt access export prove:bygg.read -o json' },
    ],
    seeAlso: ['portvakt access import', 'portvakt access list'],
  });
}

type ImportOptions = ChangeOptions & { readonly scope?: string };

/** What became of a row. */
type Imported = {
  readonly scope: string;
  readonly consumer_orgno: string;
  readonly result: 'granted' | 'already granted' | 'failed';
  readonly message: string | null;
};

async function importRows(file: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const rows = readAccessRows(await readInput(file), options.scope);
  const api = await openApi(terminal, options);
  for (const scope of new Set(rows.map((row) => row.scope))) await ownScope(api, scope);
  const before = new Set((await givenAccesses(api, {})).map(({ scope, consumer_orgno }) => `${scope} ${consumer_orgno}`));
  await confirm(api, options, { what: `${rows.length} organisations are let in.`, takesAway: false });
  const results: Imported[] = [];
  process.prependOnceListener('SIGINT', () => terminal.warn(`interrupted: ${results.length} of ${rows.length} lines were done`));
  for (const row of rows) results.push(await importRow(api, row, before));
  const failed = results.filter(({ result }) => result === 'failed');
  terminal.say(`${api.dryRun ? 'dry run, nothing is stored: ' : ''}${summary(results)}`);
  await terminal.answer({ items: results, next: null }, importedView);
  if (failed.length > 0) throw new Failure('invalid', `${failed.length} of ${rows.length} lines failed`);
}

/** A line that is refused does not stop the rest; a server that is gone does. */
async function importRow(api: ApiClient, { scope, consumer }: AccessRow, before: ReadonlySet<string>): Promise<Imported> {
  const row = { scope, consumer_orgno: consumer };
  if (before.has(`${scope} ${consumer}`)) return { ...row, result: 'already granted', message: null };
  try {
    await api.change('PUT', accessAddress(scope, consumer), { scopes: WRITE_SCOPES, shape: accessShape });
    return { ...row, result: 'granted', message: null };
  } catch (error) {
    const { exit, message } = toFailure(error);
    if (!['invalid', 'not-found', 'conflict'].includes(exit)) throw error;
    return { ...row, result: 'failed', message };
  }
}

function summary(results: readonly Imported[]): string {
  const count = (wanted: Imported['result']) => results.filter(({ result }) => result === wanted).length;
  return `${count('granted')} granted, ${count('already granted')} already granted, ${count('failed')} failed`;
}

async function exportRows(scope: string | undefined, command: Command): Promise<void> {
  const asked = Terminal.of(command);
  const chosen = command.getOptionValueSourceWithGlobals('output') !== 'default';
  const terminal = chosen ? asked : new Terminal({ ...asked.options, output: 'csv' });
  const api = await openApi(terminal);
  if (scope !== undefined) await ownScope(api, scope);
  const accesses = await givenAccesses(api, scope === undefined ? {} : { scope });
  await terminal.answer<Access>({ items: accesses, next: null }, exportView);
}

/** The columns that import reads stand first. */
const exportView: View<Access> = {
  ...givenView,
  fields: (['scope', 'consumer_orgno', 'consumer_organization_name', 'state', 'created'] as const).map((name) => ({ name })),
};

const importedView: View<Imported> = {
  fields: [{ name: 'scope' }, { name: 'consumer_orgno', heading: 'org' }, { name: 'result' }, { name: 'message' }],
  name: ({ scope, consumer_orgno }) => `access/${scope}/${consumer_orgno}`,
};
