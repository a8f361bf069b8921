import type { Command } from 'commander';
import { givenView } from '../access-view.ts';
import { openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions, readOrgno } from '../api-options.ts';
import { WRITE_SCOPES } from '../api-scopes.ts';
import { access as accessShape } from '../api-shapes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { accessAddress, givenAccess } from '../find-access.ts';
import { ownScope } from '../find-scope.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt access grant` */
export function defineGrant(command: Command): void {
  changeOptions(command)
    .description('Lets an organisation in on a scope, from its next request for a token on.')
    .argument('<scope>', 'a scope of your organisation')
    .argument('<orgno>', 'the organisation, such as 310555037')
    .action(async (scope: string, orgno: string, options: ChangeOptions) =>
      grant({ scope, orgno }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'one organisation', run: 'portvakt access grant prove:bygg.read 310555045' },
      { does: 'again; it has it already', run: 'portvakt access grant prove:bygg.read 0192:310555045 -o json' },
    ],
    seeAlso: ['portvakt access revoke', 'portvakt access import', 'portvakt request approve'],
  });
}

/** `portvakt access revoke` */
export function defineRevoke(command: Command): void {
  changeOptions(command)
    .description('Withdraws an access: no tokens from the next request on. Tokens that are out end by themselves.')
    .argument('<scope>', 'a scope of your organisation')
    .argument('<orgno>', 'the organisation, such as 310555037')
    .action(async (scope: string, orgno: string, options: ChangeOptions) =>
      revoke({ scope, orgno }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'what it would withdraw', run: 'portvakt access revoke prove:bygg.read 310555045 --dry-run' },
      { does: 'in a script', run: 'portvakt access revoke prove:bygg.read 310555045 --yes' },
    ],
    seeAlso: ['portvakt access grant', 'portvakt access list'],
  });
}

type Which = { readonly scope: string; readonly orgno: string };

async function grant({ scope, orgno }: Which, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const consumer = readOrgno(orgno);
  const api = await openApi(terminal, options);
  await ownScope(api, scope);
  const before = await givenAccess(api, scope, consumer);
  await confirm(api, options, { what: `${consumer} is let in on ${scope}.`, takesAway: false });
  const answer = await api.change('PUT', accessAddress(scope, consumer), { scopes: WRITE_SCOPES, shape: accessShape });
  const { consumer_organization_name: name } = answer.object;
  if (before?.state === 'APPROVED')
    tellChange(api, `already granted since ${day(before.last_updated)}: ${scope} to ${consumer} ${name}`);
  else tellChange(api, `${consumer} ${name} may use ${scope}`, `portvakt access list ${scope}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(givenView));
}

async function revoke({ scope, orgno }: Which, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const consumer = readOrgno(orgno);
  const api = await openApi(terminal, options);
  await ownScope(api, scope);
  const before = await givenAccess(api, scope, consumer);
  if (!before)
    throw new Failure('not-found', `${consumer} has never had access to ${scope}`, { fix: `portvakt access list ${scope}` });
  const { consumer_organization_name: name, last_updated: since } = before;
  await confirm(api, options, {
    what: `This stops ${consumer} ${name}, which has ${scope} since ${day(since)}.`,
    takesAway: true,
  });
  const answer = await api.change('DELETE', accessAddress(scope, consumer), { scopes: WRITE_SCOPES, shape: accessShape });
  const again = before.state === 'DENIED' ? 'did not have' : 'no longer has';
  tellChange(api, `${consumer} ${name} ${again} access to ${scope}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(givenView));
}
