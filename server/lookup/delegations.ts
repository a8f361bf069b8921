import { setImmediate as nextTurn } from 'node:timers/promises';
import { momentText } from '../authorities/local.ts';
import type { Delegation } from '../core/delegation.ts';
import { isCanonicalNumber, type OrganizationNumber } from '../core/organization.ts';
import type { Registers } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';
import type { Caller } from '../selfservice/caller.ts';
import type { Lookup } from './lookup.ts';
import { Problem } from './problem.ts';

/** Sees every delegation; without it a caller sees what is delegated of scopes under its own prefixes. Contract §6.3 */
const EVERYTHING = 'altinn:maskinporten/delegations.admin';

/** Who has delegated what to whom, now. Contract §6.3 */
export const delegationLookup: Lookup = {
  method: 'GET',
  path: '/accessmanagement/api/v1/maskinporten/delegations',
  scopes: [EVERYTHING, 'altinn:maskinporten/delegations'],
  answer: async ({ caller, query, registers, now }) => {
    const scope = query.get('scope');
    const prefixes = caller.scopes.includes(EVERYTHING) ? undefined : await ownPrefixes(caller, scope, registers);
    const supplierOrgno = await readOrganization(query, 'supplierOrg', registers);
    const consumerOrgno = await readOrganization(query, 'consumerOrg', registers);
    const filter = {
      ...(supplierOrgno !== undefined && { supplierOrgno }),
      ...(consumerOrgno !== undefined && { consumerOrgno }),
      ...(scope !== undefined && { scope }),
    };
    if (Object.keys(filter).length === 0)
      throw new Problem(400, 'Either the parameter scope, supplierOrg or consumerOrg has to be provided');
    const delegations = await listAll(registers, { ...filter, inForceAt: now });
    return delegations.map((delegation) => row(delegation, prefixes));
  },
};

/** An owner asks about one of its scopes at a time. @throws {Problem} 403 */
async function ownPrefixes({ orgno }: Caller, scope: string | undefined, { prefixes }: Registers): Promise<ReadonlySet<string>> {
  if (scope === undefined) throw new Problem(403, 'Not authorized for lookup of delegations without specifying parameter: scope');
  const own = new Set<string>();
  for (const { prefix, ownerOrgno, active } of await prefixes.list()) if (ownerOrgno === orgno && active) own.add(prefix);
  if (!own.has(prefixOf(scope)))
    throw new Problem(403, `Not authorized for lookup of delegations for the scope: ${printable(scope)}`);
  return own;
}

function prefixOf(scope: string): string {
  return scope.slice(0, scope.indexOf(':'));
}

/** A scope is said again only where it can be one. `PV-SEC-066` */
function printable(scope: string): string {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(scope) ? scope : '';
}

/** An organisation number that can exist and that is known here. @throws {Problem} 400 naming the parameter */
async function readOrganization(
  query: ReadonlyMap<string, string>,
  name: 'supplierOrg' | 'consumerOrg',
  { organizations }: Registers,
): Promise<OrganizationNumber | undefined> {
  const orgno = query.get(name.toLowerCase());
  if (orgno === undefined) return undefined;
  if (isCanonicalNumber(orgno) && (await organizations.find(orgno))) return orgno;
  const reason = 'The organization number is not valid, or the organization is not known';
  throw new Problem(400, 'One or more validation errors occurred.', { errors: { [name]: [reason] } });
}

/** How many are read in one turn of the event loop, so that nobody waits for a long list. */
const PAGE = 500;

async function listAll(
  { delegations }: Registers,
  filter: Parameters<Registers['delegations']['list']>[0] & { readonly inForceAt: EpochSeconds },
): Promise<Delegation[]> {
  const all: Delegation[] = [];
  for (;;) {
    const after = all.at(-1)?.id;
    const page = await delegations.list({ ...filter, ...(after !== undefined && { after }), limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
    await nextTurn();
  }
}

/** A delegation in Altinn's form, of its scopes those that the caller may see. Contract §6.3 */
function row(
  { id, consumerOrgno, supplierOrgno, scopes, created }: Delegation,
  prefixes: ReadonlySet<string> | undefined,
): object {
  return {
    consumer_org: consumerOrgno,
    supplier_org: supplierOrgno,
    delegation_scheme_Id: null,
    scopes: scopes.filter((scope) => !prefixes || prefixes.has(prefixOf(scope))),
    created: momentText(created),
    resourceid: id,
  };
}
