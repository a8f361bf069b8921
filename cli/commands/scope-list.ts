import type { Command } from 'commander';
import { openApi, openPublicApi } from '../api-client.ts';
import { partOf } from '../api-list.ts';
import { type ListOptions, listOptions } from '../api-options.ts';
import type { Scope } from '../api-shapes.ts';
import { ownScope, ownScopes, publicScopes, readScopeName } from '../find-scope.ts';
import { document } from '../help.ts';
import { ownScopeView, scopeView, toScopeRow } from '../scope-view.ts';
import { Terminal } from '../terminal.ts';
import { countsOfScopes } from '../token-counts.ts';

/** `portvakt scope list` */
export function defineList(command: Command): void {
  listOptions(command)
    .description("Lists your organisation's scopes.")
    .option('--inactive', 'disabled ones too')
    .action(async (options: OwnOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'those in use', run: 'portvakt scope list' },
      { does: 'all of them, for a spreadsheet', run: 'portvakt scope list --inactive --all -o csv' },
    ],
    seeAlso: ['portvakt scope search', 'portvakt access list'],
  });
}

/** `portvakt scope show` */
export function defineShow(command: Command): void {
  command
    .description("Shows a scope: one of your organisation's, or one that everybody may see.")
    .argument('<scope>', 'name, such as prove:bygg.read')
    .action(async (name: string) => show(name, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what is registered', run: 'portvakt scope show prove:bygg.read' },
      { does: 'for a program', run: 'portvakt scope show prove:kart.read -o json' },
    ],
    seeAlso: ['portvakt scope update', 'portvakt access list'],
  });
}

/** `portvakt scope search` */
export function defineSearch(command: Command): void {
  listOptions(command)
    .description('Finds scopes that everybody may see, by words in their names and descriptions. It takes no log-in.')
    .argument('[word...]', 'each has to occur')
    .option('--prefix <prefix>', 'those of one prefix')
    .option('--open', 'those that are open to every organisation')
    .option('--delegable', 'those that a consumer can delegate to a supplier')
    .action(async (words: readonly string[], options: SearchOptions) => search(words, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'by a word', run: 'portvakt scope search bygg' },
      { does: 'what is open, of one prefix', run: 'portvakt scope search --open --prefix prove' },
    ],
    seeAlso: ['portvakt ask', 'portvakt scope show'],
  });
}

type OwnOptions = ListOptions & { readonly inactive?: boolean };
type SearchOptions = ListOptions & { readonly prefix?: string; readonly open?: boolean; readonly delegable?: boolean };

async function list({ inactive = false, ...part }: OwnOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const [scopes, counts] = [await ownScopes(api, inactive), await countsOfScopes(api)];
  const view = ownScopeView(await api.moment());
  const rows = scopes.map((scope) => toScopeRow(scope, counts));
  await terminal.answer(partOf(api, rows, { view, part }), view);
}

/** What everybody may see takes no token, so it is looked at first. */
async function show(name: string, terminal: Terminal): Promise<void> {
  const { prefix } = readScopeName(name);
  const found = (await publicScopes(await openPublicApi(terminal), { prefix, inactive: true })).find(
    (scope) => scope.name === name,
  );
  await terminal.answer(found ?? (await ownScope(await openApi(terminal), name)).object, scopeView);
}

async function search(words: readonly string[], options: SearchOptions, terminal: Terminal): Promise<void> {
  const { prefix, open, delegable, ...part } = options;
  const api = await openPublicApi(terminal);
  const scopes = await publicScopes(api, { prefix, accessible_for_all: open, delegated_sources: delegable });
  const found = scopes.filter((scope) => words.every((word) => mentions(scope, word)));
  await terminal.answer(partOf(api, found, { view: scopeView, part }), scopeView);
  const [first] = found;
  if (first && !first.accessible_for_all) terminal.next(`portvakt ask ${first.name}`);
}

/** In its name, or in a text about it in any language. */
function mentions(scope: Scope, word: string): boolean {
  const texts = Object.entries(scope).filter(([name]) => name === 'name' || /^(long_)?description/.test(name));
  return texts.some(([, text]) => String(text).toLowerCase().includes(word.toLowerCase()));
}
