import type { Command } from 'commander';
import { delegation as delegationShape } from '../acting-shapes.ts';
import { openApi, path } from '../api-client.ts';
import { type ChangeOptions, changeOptions, readOrgno } from '../api-options.ts';
import { READ_DELEGATIONS, WRITE_DELEGATIONS } from '../api-scopes.ts';
import { changed, changedView, madeView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { delegationView } from '../delegation-view.ts';
import { readScopeName } from '../find-scope.ts';
import { document } from '../help.ts';
import { instantOf } from '../moment.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt delegation give` */
export function defineGive(command: Command): void {
  changeOptions(command)
    .description('Lets a supplier fetch tokens for your organisation, from its next request on.')
    .argument('<scopes...>', 'scopes that can be delegated')
    .requiredOption('--to <orgno>', 'the supplier')
    .option('--from <date>', 'first day, or a moment in RFC 3339')
    .option('--until <date>', 'last day, or a moment in RFC 3339')
    .option('--reason <text>', 'why, for both parties to read')
    .action(async (scopes: readonly string[], options: GiveOptions) => give(scopes, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would be stored', run: 'portvakt delegation give prove:bygg.read --to 310555053 --dry-run' },
      {
        does: 'for a time, and say why',
        run: 'portvakt delegation give prove:bygg.read --to 310555053 \\\n  --until 2099-12-31 --reason "agreement 2026/114"',
      },
    ],
    seeAlso: ['portvakt delegation list', 'portvakt delegation revoke'],
  });
}

/** `portvakt delegation revoke` */
export function defineRevoke(command: Command): void {
  changeOptions(command)
    .description('Ends a delegation: no tokens from the next request on. As its supplier you give it back.')
    .argument('<id>', 'as delegation list shows it')
    .action(async (id: string, options: ChangeOptions) => revoke(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'everything that one supplier has been given',
        run: 'portvakt delegation list --given --supplier 310555053 -o name |\n  xargs -rn1 portvakt delegation revoke --yes',
      },
      {
        does: 'what would happen',
        run: 'portvakt delegation list --given -o name |\n  xargs -rn1 portvakt delegation revoke --dry-run',
      },
    ],
    seeAlso: ['portvakt delegation list', 'portvakt delegation give'],
  });
}

type GiveOptions = ChangeOptions & {
  readonly to: string;
  readonly from?: string;
  readonly until?: string;
  readonly reason?: string;
};

async function give(scopes: readonly string[], options: GiveOptions, terminal: Terminal): Promise<void> {
  for (const scope of scopes) readScopeName(scope);
  const { to, from, until, reason } = options;
  const supplier = readOrgno(to);
  const body = {
    ...{ supplier_orgno: supplier, scopes },
    ...(from !== undefined && { valid_from: instantOf(from, 'begins') }),
    ...(until !== undefined && { valid_to: instantOf(until, 'ends') }),
    ...(reason !== undefined && { reason }),
  };
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `${supplier} may fetch tokens for you with ${scopes.join(' ')}.`, takesAway: false });
  const answer = await api.change('POST', '/delegations', { body, scopes: WRITE_DELEGATIONS, shape: delegationShape });
  const { id, consumer_orgno: consumer } = answer.object;
  tellChange(
    api,
    `${supplier} may act for ${consumer} with ${scopes.join(' ')}`,
    `portvakt delegation revoke ${id}   (to end it)`,
  );
  await terminal.answer(changed(api, answer.object, answer), madeView(api, delegationView));
}

async function revoke(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const address = path`/delegations/${id.replace(/^delegation\//, '')}`;
  const before = await api.get(address, delegationShape, READ_DELEGATIONS);
  const { consumer_orgno: consumer, supplier_orgno: supplier, scopes } = before.object;
  await confirm(api, options, {
    what: `This stops ${supplier}, which acts for ${consumer} with ${scopes.join(' ')}.`,
    takesAway: true,
  });
  const { etag: ifMatch = '*' } = before;
  const answer = await api.change('DELETE', address, { scopes: WRITE_DELEGATIONS, shape: delegationShape, ifMatch });
  tellChange(api, `${supplier} acts no longer for ${consumer} with ${scopes.join(' ')}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(delegationView));
}
