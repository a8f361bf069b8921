import { holdsAdminScope, isAdminScope, type ScopeRules } from './admin-scopes.ts';
import { amr } from './authenticate.ts';
import { type Check, stopAtFirst } from './checks.ts';
import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';
import { isPersonNumber, type OrganizationNumber } from './organization.ts';
import type { ClientAmr } from './ports.ts';
import { DEFAULT_TOKEN_LIFETIME, type TokenSettings } from './settings.ts';

/** What a grant has been found to entitle to. */
export type Authorization = {
  readonly clientId: string;
  readonly amr: ClientAmr;
  readonly scopes: readonly string[];
  readonly consumer: OrganizationNumber;
  /** The organisation that acts for the consumer. */
  readonly supplier?: OrganizationNumber;
  /** Empty: the token names no audience. */
  readonly audience: readonly string[];
  readonly pid?: string;
  /** Seconds. */
  readonly lifetime: number;
};

/**
 * The checks of what a known client may have, in the order of contract §1.5 no. 16 to 22. They run on what is registered here,
 * before the assertion is spent, so that the verdict can be kept in the same commit.
 */
export const authorization: readonly Check[] = [
  { id: 'scopes', title: 'the scopes exist, are active and on the client', check: scopesAreRegistered },
  { id: 'integration_type', title: "the scopes admit the client's kind", check: scopesAdmitTheClient },
  { id: 'pid', title: 'pid can be a national identity number', check: personIsWellNumbered },
  { id: 'resource', title: 'each resource is an absolute URI', check: resourcesAreUris },
  { id: 'consumer_org', title: 'consumer_org is another organisation, well written', check: consumerIsWellNamed },
  { id: 'supplier_chain', title: 'a client made by a supplier names no consumer_org', check: supplierIsNotChained },
  { id: 'delegation_source', title: 'the scopes have one delegation source', check: scopesHaveOneSource },
  { id: 'access', title: 'the owner has let the consumer in', check: consumerHasAccess },
  { id: 'delegation', title: 'the consumer has delegated the scopes', check: supplierIsDelegated },
  { id: 'authorization_details', title: 'the authorization details are of a type served here', check: detailsAreKnown },
];

/** What the grant entitles to. @throws {Fault} of the first check that does not pass */
export async function authorize(grant: Grant): Promise<Authorization> {
  await stopAtFirst(authorization, grant);
  const client = await grant.client();
  const scopes = await grant.scopes();
  const { consumerOrg, resource = [], pid } = grant.claims();
  const supplier = consumerOrg === undefined ? client.supplierOrgno : client.orgno;
  return {
    clientId: client.clientId,
    amr: await amr(grant),
    scopes: grant.scopeNames(),
    consumer: await grant.consumer(),
    ...(supplier !== undefined && { supplier }),
    audience: audience(scopes, resource, grant.ports.settings),
    ...(pid !== undefined && { pid }),
    lifetime: lifetime(client.accessTokenLifetime, scopes, grant.ports.settings),
  };
}

async function scopesAreRegistered(grant: Grant): Promise<void> {
  await grant.scopes();
}

async function scopesAdmitTheClient(grant: Grant): Promise<void> {
  const { integrationType } = await grant.client();
  const closed = (await grant.scopes()).filter(
    ({ allowedIntegrationTypes: types }) => types.length > 0 && !types.includes(integrationType),
  );
  if (closed.length === 0) return;
  const names = closed.map(({ name }) => name).join(', ');
  throw new Fault('MP-201', {
    say: { scopes: `, ${names}` },
    expected: closed[0]?.allowedIntegrationTypes.join(', ') ?? '',
    got: integrationType,
  });
}

/** Its form and control digits; nothing is looked up. The number itself goes nowhere but into the token. `PV-SEC-081` */
function personIsWellNumbered(grant: Grant): void {
  const { pid } = grant.claims();
  if (pid !== undefined && !isPersonNumber(pid))
    throw new Fault('MP-011', { detail: 'claim pid', expected: 'pid: eleven digits with valid control digits' });
}

const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/;

/** Absolute, and without a fragment. RFC 3986 §4.3, RFC 8707 §2, `PV-SEC-075` */
function resourcesAreUris(grant: Grant): void {
  const { resource = [] } = grant.claims();
  if (!resource.every((uri) => ABSOLUTE_URI.test(uri) && URL.canParse(uri))) {
    throw new Fault('MP-011', { detail: 'claim resource', expected: 'resource: absolute URIs without fragment' });
  }
}

/** Contract §6.2: nine digits without the register's code, and not the client's own organisation. */
async function consumerIsWellNamed(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  const consumer = await grant.consumer();
  if (consumer === (await grant.client()).orgno)
    throw new Fault('PV-252', { expected: "another organisation than the client's", got: consumer });
}

async function supplierIsNotChained(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  if ((await grant.client()).supplierOrgno !== undefined) throw new Fault('PV-253');
}

async function scopesHaveOneSource(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  const sources = new Set((await grant.scopes()).flatMap(({ delegationSource }) => delegationSource ?? []));
  if (sources.size > 1) throw new Fault('PV-254', { expected: 'one delegation source', got: `${sources.size}` });
}

/**
 * Every scope is open to all or granted to the consumer; for a client that a supplier made, to the supplier too. An organisation
 * that is inactive or unknown has no access. Contract §1.5 no. 20, §5.6, `PV-SEC-071`
 */
async function consumerHasAccess(grant: Grant): Promise<void> {
  const { supplierOrgno } = await grant.client();
  const organizations = [await grant.consumer(), ...(supplierOrgno === undefined ? [] : [supplierOrgno])];
  for (const scope of await grant.scopes()) {
    for (const organization of scope.accessibleForAll ? [] : organizations) {
      if (!(await isLetIn(grant, scope, organization)))
        throw new Fault('MP-250', { say: { scope: scope.name }, expected: `access for ${organization}`, got: 'none' });
    }
  }
}

/**
 * A fixed scope is open where the operator has given it to the organisation, and to no client that a supplier made, who could
 * else administer for its customer.
 */
async function isLetIn(grant: Grant, { name }: ScopeRules, organization: OrganizationNumber): Promise<boolean> {
  const registered = await grant.ports.storage.organizations.find(organization);
  if (isAdminScope(name)) return holdsAdminScope(registered, name) && (await grant.client()).supplierOrgno === undefined;
  return registered?.active === true && (await grant.access(name, organization))?.state === 'APPROVED';
}

/** There is no register of delegations yet, so nobody has delegated: contract §6.2. */
async function supplierIsDelegated(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  const consumer = await grant.consumer();
  const { orgno: supplier } = await grant.client();
  const [scope] = grant.scopeNames();
  throw new Fault('MP-251', {
    say: { consumer, scope: scope ?? '', supplier },
    expected: 'a delegation in force',
    got: 'none',
  });
}

/** No type is served yet, so every one is unknown: contract §7. */
function detailsAreKnown(grant: Grant): void {
  if (grant.claims().authorizationDetails !== undefined) throw new Fault('MP-301', { expected: 'a type from the metadata' });
}

/** The scopes' own audience where one forces it, else what the grant asked for. Contract §2.6 */
function audience(scopes: readonly ScopeRules[], resource: readonly string[], settings: TokenSettings): readonly string[] {
  const enforced = new Set(scopes.flatMap(({ enforcedAudience }) => enforcedAudience ?? []));
  if (enforced.size > 0) return [...enforced];
  return resource.length === 0 && settings.unspecifiedAudience ? ['unspecified'] : resource;
}

/**
 * The client's wish, capped by the lowest of the scopes' limits; without a wish that limit itself; never above the operator's.
 * Contract §2.5
 */
function lifetime(wish: number, scopes: readonly ScopeRules[], settings: TokenSettings): number {
  const caps = scopes.map(({ atMaxAge }) => atMaxAge).filter((cap) => cap > 0);
  const cap = Math.min(settings.maxTokenLifetime, ...caps);
  if (wish > 0) return Math.min(wish, cap);
  return caps.length > 0 ? cap : Math.min(DEFAULT_TOKEN_LIFETIME, cap);
}
