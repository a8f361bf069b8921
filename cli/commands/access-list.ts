import type { Command } from 'commander';
import { type AccessRow, actingBeneath, receivedView, toAccessRow, usedView } from '../access-view.ts';
import { type ApiClient, openApi } from '../api-client.ts';
import { partOf } from '../api-list.ts';
import { type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { type AccessFilter, givenAccesses, receivedAccesses } from '../find-access.ts';
import { ownScope } from '../find-scope.ts';
import { delegationsOnOwnScopes, namesOf } from '../find-suppliers.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { countsOfScope } from '../token-counts.ts';

/** `portvakt access list` */
export function define(command: Command): void {
  listOptions(command)
    .description(
      'Lists who has access to the scopes of your organisation, each with the suppliers that act for it beneath; or with --received what yours has been given.',
    )
    .argument('[scope]', 'one scope alone')
    .option('--consumer <orgno>', 'one organisation alone')
    .option('--received', 'what your organisation has been given')
    .option('--inactive', 'requested and withdrawn ones too')
    .action(async (scope: string | undefined, options: Options) => list(scope, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'who may use a scope', run: 'portvakt access list prove:bygg.read' },
      { does: 'what an organisation has, withdrawn ones too', run: 'portvakt access list --consumer 310555037 --inactive' },
    ],
    seeAlso: ['portvakt access grant', 'portvakt request list', 'portvakt delegation list'],
  });
}

type Options = ListOptions & { readonly consumer?: string; readonly received?: boolean; readonly inactive?: boolean };

async function list(scope: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const { consumer, received, inactive = false, ...part } = options;
  const orgno = consumer === undefined ? undefined : readOrgno(consumer);
  const api = await openApi(terminal);
  if (received) {
    const accesses = (await receivedAccesses(api, { inactive })).filter(
      (access) => scope === undefined || access.scope === scope,
    );
    return terminal.answer(partOf(api, accesses, { view: receivedView, part }), receivedView);
  }
  if (scope !== undefined) await ownScope(api, scope);
  const filter = { ...(scope !== undefined && { scope }), ...(orgno !== undefined && { consumer: orgno }), inactive };
  const rows = await withSuppliers(api, filter);
  const view = usedView(await api.moment());
  await terminal.answer(partOf(api, rows, { view, part }), view);
}

/** The figures of many scopes are not gathered. */
async function withSuppliers(api: ApiClient, filter: AccessFilter): Promise<readonly AccessRow[]> {
  const counts = filter.scope === undefined ? undefined : await countsOfScope(api, filter.scope);
  const accesses = await givenAccesses(api, filter);
  const delegations = accesses.length === 0 ? undefined : await delegationsOnOwnScopes(api, filter);
  const acting = delegations ? accesses.flatMap((access) => actingBeneath(access, delegations)) : [];
  const names = await namesOf(
    api,
    acting.map(({ supplier_orgno }) => supplier_orgno),
  );
  return accesses.map((access) => toAccessRow(access, { counts, delegations, names }));
}
