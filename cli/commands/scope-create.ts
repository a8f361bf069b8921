import type { Command } from 'commander';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import { WRITE_SCOPES } from '../api-scopes.ts';
import { type Scope, scope as scopeShape } from '../api-shapes.ts';
import { type Changed, changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { ownScope, readScopeName } from '../find-scope.ts';
import { document } from '../help.ts';
import { type ScopeOptions, scopeMembers, scopeOptions } from '../scope-settings.ts';
import { scopeView } from '../scope-view.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt scope create` */
export function define(command: Command): void {
  changeOptions(scopeOptions(command))
    .description('Registers a scope under a prefix of your organisation.')
    .argument('<scope>', 'prefix:name, such as prove:inntekt.read')
    .option('--if-missing', 'succeed when it exists already')
    .action(async (name: string, options: CreateOptions) => create(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'that organisations are let in on, one by one',
        run: 'portvakt scope create prove:inntekt.read \\\n  --description "Lese inntekt" --text "en=Read income"',
      },
      {
        does: 'in a script that may run twice',
        run: 'portvakt scope create prove:vei.read --description "Lese veier" \\\n  --open --max-age 120s --if-missing',
      },
    ],
    seeAlso: ['portvakt access grant', 'portvakt prefix list'],
  });
}

type CreateOptions = ScopeOptions & ChangeOptions & { readonly ifMissing?: boolean };

async function create(name: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  const parts = readScopeName(name);
  const { description = '' } = options;
  if (description === '') throw new Failure('usage', 'a scope needs a description', { fix: 'give --description TEXT' });
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `The scope ${name} is registered.`, takesAway: false });
  const body = { ...parts, ...(await scopeMembers(options, terminal)) };
  const scope = await post(api, name, { body, ifMissing: options.ifMissing ?? false });
  await terminal.answer(scope, changedView(scopeView));
}

type Wish = { readonly body: object; readonly ifMissing: boolean };

async function post(api: ApiClient, name: string, { body, ifMissing }: Wish): Promise<Changed<Scope>> {
  try {
    const answer = await api.change('POST', '/scopes', { body, scopes: WRITE_SCOPES, shape: scopeShape });
    const { accessible_for_all } = answer.object;
    tellChange(api, `scope ${name} is registered`, accessible_for_all ? undefined : `portvakt access grant ${name} ORGNO`);
    return changed(api, answer.object, answer);
  } catch (error) {
    if (!ifMissing || !(error instanceof Failure) || error.exit !== 'conflict') throw error;
    const there = await ownScope(api, name);
    tellChange(api, `scope ${name} was registered already${there.object.active ? '' : ', and is disabled'}`);
    return changed(api, there.object, there);
  }
}
