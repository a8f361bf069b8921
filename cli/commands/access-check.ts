import type { Command } from 'commander';
import { type ApiClient, openApi, openPublicApi } from '../api-client.ts';
import { readOrgno } from '../api-options.ts';
import { Failure } from '../failure.ts';
import { givenAccess, receivedAccesses } from '../find-access.ts';
import { ownScope, publicScopes, readScopeName } from '../find-scope.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt access check` */
export function define(command: Command): void {
  command
    .description('Says whether an organisation may use a scope: exit 0 for yes, 9 for no.')
    .argument('<scope>', 'the scope')
    .argument('[orgno]', 'an organisation that your scope may be granted to; without it your own')
    .action(async (scope: string, orgno: string | undefined) => check(scope, orgno, Terminal.of(command)));
  document(command, {
    examples: [
      { does: "asked by the scope's owner", run: 'portvakt access check prove:bygg.read 310555037' },
      { does: 'for your own organisation', run: 'portvakt access check prove:kart.read' },
    ],
    seeAlso: ['portvakt access list', 'portvakt ask', 'portvakt client test'],
  });
}

type Verdict = {
  readonly scope: string;
  readonly consumer_orgno: string;
  readonly allowed: boolean;
  /** `open`, the state of the access, or `none`. */
  readonly via: string;
  readonly since: string | null;
};

async function check(scope: string, orgno: string | undefined, terminal: Terminal): Promise<void> {
  const consumer = orgno === undefined ? undefined : readOrgno(orgno);
  const { prefix } = readScopeName(scope);
  const api = await openApi(terminal);
  const isPublic = (await publicScopes(await openPublicApi(terminal), { prefix })).find(({ name }) => name === scope);
  const verdict = consumer === undefined ? await ofOwn(api, scope) : await ofConsumer(api, scope, consumer);
  const open = isPublic?.accessible_for_all === true || verdict.via === 'open';
  const answer = open ? { ...verdict, allowed: true, via: 'open' } : verdict;
  await terminal.answer(answer, view);
  if (answer.allowed) return;
  const fix = consumer === undefined ? `portvakt ask ${scope}` : `portvakt access grant ${scope} ${consumer}`;
  throw new Failure('refused', `${answer.consumer_orgno} may not use ${scope}`, { fix });
}

async function ofConsumer(api: ApiClient, scope: string, consumer: string): Promise<Verdict> {
  const { object } = await ownScope(api, scope);
  const access = await givenAccess(api, scope, consumer);
  return verdict(scope, consumer, object.accessible_for_all ? { state: 'open', last_updated: object.created } : access);
}

async function ofOwn(api: ApiClient, scope: string): Promise<Verdict> {
  const access = (await receivedAccesses(api, { inactive: true })).find((candidate) => candidate.scope === scope);
  return verdict(scope, access?.consumer_orgno ?? api.context.org ?? '', access);
}

function verdict(scope: string, consumer: string, access: { state: string; last_updated: string } | undefined): Verdict {
  const allowed = access?.state === 'APPROVED' || access?.state === 'open';
  return {
    scope,
    consumer_orgno: consumer,
    allowed,
    via: access?.state ?? 'none',
    since: allowed ? (access?.last_updated ?? null) : null,
  };
}

const view: View<Verdict> = {
  fields: [
    { name: 'scope' },
    { name: 'consumer_orgno', heading: 'org' },
    { name: 'allowed', text: ({ allowed }) => (allowed ? 'yes' : 'no') },
    { name: 'via', text: ({ via }) => via.toLowerCase() },
    { name: 'since', text: ({ since }) => (since === null ? '' : day(since)) },
  ],
  name: ({ scope, consumer_orgno }) => `access/${scope}/${consumer_orgno}`,
};
