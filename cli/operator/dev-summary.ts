import { DELEGATION_STATES, type Delegation, delegationState } from '../../server/core/delegation.ts';
import type { Organization, Storage } from '../../server/core/ports.ts';
import type { Scope } from '../../server/core/scope.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import type { DevClient } from '../dev-client.ts';
import { DEV_ISSUER } from '../issuer.ts';
import type { View } from '../output.ts';
import { printable, table } from '../table.ts';
import { actingCommands } from './dev-acting.ts';

/** What a dev server tells when it is ready. */
export type Ready = {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly data_dir: string;
  /** Absent where it is not watched. */
  readonly metrics?: string;
  readonly clients: readonly Pick<DevClient, 'name' | 'client_id' | 'client_orgno' | 'scopes'>[];
};

/** What the world holds beside its clients, a line for each kind. */
export async function describeWorld(
  { organizations, scopes, delegations }: Pick<Storage, 'organizations' | 'scopes' | 'delegations'>,
  now: EpochSeconds,
): Promise<readonly string[]> {
  const all = await organizations.list();
  const given = (await Promise.all(all.map(({ orgno }) => delegations.list({ consumerOrgno: orgno })))).flat();
  return [
    `organisations   ${all.map(named).join(' · ')}`,
    `scopes          ${(await scopes.list()).map(openness).join(' · ')}`,
    ...(given.length === 0 ? [] : [`delegations     ${states(given, now)}`]),
  ];
}

function states(given: readonly Delegation[], now: EpochSeconds): string {
  const counts = DELEGATION_STATES.map(
    (state) => [state, given.filter((one) => delegationState(one, now) === state).length] as const,
  );
  return counts.flatMap(([state, count]) => (count === 0 ? [] : [`${count} ${state.toLowerCase()}`])).join(' · ');
}

function named({ orgno, name }: Organization): string {
  return printable(`${orgno} ${name}`);
}

function openness({ name, accessibleForAll, active, delegationSource }: Scope): string {
  if (!active) return `${name} (inactive)`;
  return `${name} (${accessibleForAll ? 'open' : 'closed'}${delegationSource === undefined ? '' : ', can be delegated'})`;
}

/** The answer of `portvakt dev`. @param portvakt how the caller calls this program */
export function readyView(clients: readonly DevClient[], portvakt: string): View<Ready> {
  return {
    fields: [{ name: 'issuer' }, { name: 'token_endpoint' }, { name: 'data_dir' }, { name: 'clients' }, { name: 'metrics' }],
    name: ({ clients }) => clients.map(({ client_id }) => `client/${client_id}`).join('\n'),
    text: ({ issuer, data_dir, metrics }, { bold }) =>
      [
        `  issuer          ${bold(issuer)}`,
        `  data            ${data_dir}`,
        ...(metrics === undefined ? [] : [`  metrics         ${metrics}`]),
        '',
        table([['CLIENT', 'CLIENT ID', 'ORGANISATION', 'SCOPES'], ...clients.map(row)]),
        'Try:',
        ...suggestions(clients, issuer).map((suggestion) => `  ${portvakt} ${suggestion}`),
        '',
      ].join('\n'),
  };
}

function row({ name, client_id, client_orgno, scopes }: DevClient): readonly string[] {
  return [name, client_id, client_orgno, scopes.join(' ')].map(printable);
}

/** Commands that work as they stand; in a world of the user's own, the key is the user's to name. */
function suggestions(clients: readonly DevClient[], issuer: string): readonly string[] {
  const where = issuer === DEV_ISSUER ? '' : ` --issuer ${issuer}`;
  const get = ({ name, scopes, key_file }: DevClient) =>
    `token get --client ${name}${key_file === undefined ? ' --key FILE' : ''} --scope ${scopes[0] ?? 'SCOPE'}${where}`;
  const find = (name: string) => clients.filter((client) => client.name === name);
  const made = [
    ...find('demo-consumer').map(get),
    ...find('demo-certificate').map(get),
    ...find('demo-swedish').map((client) => `${get(client)}   # of another register: consumer 0007:…`),
    ...find('demo-expired-key').map((client) => `${get(client)}   # MP-121, on purpose`),
    ...find('demo-supplier').flatMap(() => actingCommands().map((command) => command.replace(/ {3}#|$/, `${where}$&`))),
  ];
  return made.length > 0 ? made : clients.slice(0, 2).map(get);
}
