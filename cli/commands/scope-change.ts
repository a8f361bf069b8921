import type { Command } from 'commander';
import { type Answer, type ApiClient, openApi, withQuery } from '../api-client.ts';
import { readWhole } from '../api-list.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import { READ_SCOPES, WRITE_SCOPES } from '../api-scopes.ts';
import { access as accessShape, type Scope, scope as scopeShape } from '../api-shapes.ts';
import { type Changed, changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { ownScope } from '../find-scope.ts';
import { document } from '../help.ts';
import { type ScopeOptions, scopeMembers, scopeOptions } from '../scope-settings.ts';
import { scopeView } from '../scope-view.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt scope update` */
export function defineUpdate(command: Command): void {
  changeOptions(scopeOptions(command))
    .description('Changes what is said of a scope. What no flag names stays as it is; its name cannot change.')
    .argument('<scope>', 'name, such as prove:bygg.read')
    .action(async (name: string, options: ScopeOptions & ChangeOptions) => update(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'shorter lives for its tokens', run: 'portvakt scope update prove:bygg.read --max-age 60s' },
      { does: 'what would be stored', run: 'portvakt scope update prove:bygg.read --delegable --dry-run -o json' },
    ],
    seeAlso: ['portvakt scope show', 'portvakt scope disable'],
  });
}

/** `portvakt scope disable` */
export function defineDisable(command: Command): void {
  changeOptions(command)
    .description('Takes a scope out of use: no tokens from the next request on. Accesses stay, and rest.')
    .argument('<scope>', 'name, such as prove:bygg.read')
    .action(async (name: string, options: ChangeOptions) => disable(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what it would stop', run: 'portvakt scope disable prove:bygg.read --dry-run' },
      { does: 'in a script', run: 'portvakt scope disable prove:vei.read --yes' },
    ],
    seeAlso: ['portvakt scope enable', 'portvakt access list'],
  });
}

/** `portvakt scope enable` */
export function defineEnable(command: Command): void {
  changeOptions(command)
    .description('Takes a disabled scope into use again, for those who had access.')
    .argument('<scope>', 'name, such as prove:bygg.read')
    .action(async (name: string, options: ChangeOptions) => enable(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'after scope disable', run: 'portvakt scope enable prove:vei.read' },
      { does: 'and the answer for a program', run: 'portvakt scope enable prove:vei.read -o json' },
    ],
    seeAlso: ['portvakt scope disable', 'portvakt scope list'],
  });
}

async function update(name: string, options: ScopeOptions & ChangeOptions, terminal: Terminal): Promise<void> {
  const members = await scopeMembers(options, terminal);
  if (Object.keys(members).length === 0)
    throw new Failure('usage', 'nothing is to be changed', { fix: 'add --help to see what can be' });
  const api = await openApi(terminal, options);
  const before = await ownScope(api, name);
  await confirm(api, options, { what: `The scope ${name} is changed.`, takesAway: false });
  const answer = await put(api, before, members);
  tellChange(api, `scope ${name} is changed`);
  await terminal.answer(answer, changedView(scopeView));
}

async function disable(name: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const before = await ownScope(api, name);
  const stops = await consumersOf(api, before.object);
  await confirm(api, options, { what: `This stops tokens with ${name}${stops}.`, takesAway: true });
  const address = withQuery('/scopes', { scope: name });
  const answer = await api.change('DELETE', address, { scopes: WRITE_SCOPES, shape: scopeShape, ...match(before) });
  tellChange(api, `scope ${name} is disabled${stops}`, `portvakt scope enable ${name}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(scopeView));
}

async function enable(name: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const before = await ownScope(api, name);
  await confirm(api, options, { what: `The scope ${name} is taken into use again.`, takesAway: false });
  const answer = before.object.active ? changed(api, before.object, before) : await put(api, before, { active: true });
  tellChange(api, before.object.active ? `scope ${name} was in use already` : `scope ${name} is in use again`);
  await terminal.answer(answer, changedView(scopeView));
}

/** Writes back what stands, with these members in place of theirs, unless somebody else has changed it meanwhile. */
async function put(api: ApiClient, before: Answer<Scope>, members: object): Promise<Changed<Scope>> {
  const body = { ...before.object, ...members };
  const address = withQuery('/scopes', { scope: before.object.name });
  const answer = await api.change('PUT', address, { body, scopes: WRITE_SCOPES, shape: scopeShape, ...match(before) });
  return changed(api, answer.object, answer);
}

function match({ etag }: Answer<unknown>): { readonly ifMatch?: string } {
  return etag === undefined ? {} : { ifMatch: etag };
}

async function consumersOf(api: ApiClient, { name, accessible_for_all }: Scope): Promise<string> {
  if (accessible_for_all) return ' for everybody';
  const accesses = await readWhole(api, withQuery('/scopes/access', { scope: name }), {
    shape: accessShape,
    scopes: READ_SCOPES,
  });
  return ` for ${accesses.length} consumer${accesses.length === 1 ? '' : 's'}`;
}
