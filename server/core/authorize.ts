import {
  consumerIsWellNamed,
  customerIsRegistered,
  scopesHaveOneSource,
  supplierIsDelegated,
  supplierIsNotChained,
} from './acting.ts';
import { holdsAdminScope, isAdminScope, type ScopeRules } from './admin-scopes.ts';
import { amr, foreseeableAmr } from './authenticate.ts';
import type { GrantedDetails } from './authorization-details.ts';
import { type Check, stopAtFirst } from './checks.ts';
import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';
import { isPersonNumber, type OrganizationNumber } from './organization.ts';
import type { ClientAmr } from './ports.ts';
import { DEFAULT_TOKEN_LIFETIME, type TokenSettings } from './settings.ts';
import { type SigningAlgorithm, signingAlgorithm } from './signing-algorithm.ts';

/** What a grant has been found to entitle to. */
export type Authorization = {
  readonly clientId: string;
  readonly amr: ClientAmr;
  readonly scopes: readonly string[];
  readonly consumer: OrganizationNumber;
  /** The organisation that acts for the consumer. */
  readonly supplier?: OrganizationNumber;
  /** The issuer that answered for the delegation. */
  readonly delegationSource?: string;
  /** What the token says of a system user or a consent. */
  readonly details?: GrantedDetails;
  /** Empty: the token names no audience. */
  readonly audience: readonly string[];
  readonly pid?: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly signingAlgorithm: SigningAlgorithm;
  /** Names of those elsewhere that it still hangs on: consult.ts. */
  readonly asks: readonly string[];
};

/**
 * The checks of what a known client may have, in the order of contract §1.5 no. 16 to 22. They run on what is registered here,
 * before the assertion is spent, so that the verdict can be kept in the same commit. What is refused here is refused before anybody
 * else is asked.
 */
export const authorization: readonly Check[] = [
  { id: 'scopes', title: 'the scopes exist, are active and on the client', check: scopesAreRegistered },
  { id: 'integration_type', title: "the scopes admit the client's kind", check: scopesAdmitTheClient },
  { id: 'seal', title: 'a qualified seal signed it where a scope demands one', check: sealIsThereIfDemanded },
  { id: 'signing_algorithm', title: 'one algorithm can sign for all the scopes', check: scopesShareAnAlgorithm },
  { id: 'pid', title: 'pid can be a national identity number', check: personIsWellNumbered },
  { id: 'resource', title: 'each resource is an absolute URI', check: resourcesAreUris },
  { id: 'consumer_org', title: 'consumer_org is another organisation, well written', check: consumerIsWellNamed },
  { id: 'supplier_chain', title: 'a client made by a supplier names no consumer_org', check: supplierIsNotChained },
  { id: 'customer', title: 'iss_onbehalfof names a customer of the client', check: customerIsRegistered },
  { id: 'delegation_source', title: 'the scopes have one delegation source', check: scopesHaveOneSource },
  { id: 'access', title: 'the owner has let the consumer in', check: consumerHasAccess },
  { id: 'delegation', title: 'the consumer has delegated the scopes', check: supplierIsDelegated },
  {
    id: 'authorization_details',
    title: 'the authorization details are of a type served here',
    check: (grant) => void grant.details(),
  },
  { id: 'details_holder', title: 'a system user or a consent answers to them', check: detailsAreHeld },
];

/** What the grant entitles to. @throws {Fault} of the first check that does not pass */
export async function authorize(grant: Grant): Promise<Authorization> {
  await stopAtFirst(authorization, grant);
  const client = await grant.client();
  const scopes = await grant.scopes();
  const { resource = [], pid } = grant.claims();
  const asks = await outsiders(grant);
  const details = asks.length === 0 ? await grant.grantedDetails() : undefined;
  return {
    clientId: client.clientId,
    amr: await amr(grant),
    scopes: grant.scopeNames(),
    consumer: await grant.consumer(),
    ...(await actor(grant)),
    ...(details && { details }),
    audience: audience(scopes, resource, grant.ports.settings),
    ...(pid !== undefined && { pid }),
    lifetime: lifetime(client.accessTokenLifetime, scopes, grant.ports.settings),
    signingAlgorithm: signingAlgorithm(scopes, grant.ports.settings),
    asks,
  };
}

/** Who acts for the consumer, if anybody does, and by whose word. Contract §2.3, §5.4, §5.6 */
async function actor(grant: Grant): Promise<Pick<Authorization, 'supplier' | 'delegationSource'>> {
  const { orgno, supplierOrgno } = await grant.client();
  const { consumerOrg, onBehalfOf } = grant.claims();
  if (consumerOrg !== undefined) {
    const delegationSource = await grant.delegationSource();
    return { supplier: orgno, ...(delegationSource !== undefined && { delegationSource }) };
  }
  const supplier = onBehalfOf === undefined ? supplierOrgno : orgno;
  return supplier === undefined ? {} : { supplier };
}

/** Names of those elsewhere that have to be asked. */
async function outsiders(grant: Grant): Promise<readonly string[]> {
  const delegations = grant.claims().consumerOrg === undefined ? undefined : await grant.delegations();
  const authorities = [delegations, await grant.detailsAuthority()];
  return [...new Set(authorities.flatMap((authority) => (authority?.remote ? authority.name : [])))];
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

/** Whoever signs with a registered key has shown no seal, whatever the key is bound to. Ours; contract §2.4 */
async function sealIsThereIfDemanded(grant: Grant): Promise<void> {
  const demanding = (await grant.scopes()).filter(({ requiresQualifiedSeal }) => requiresQualifiedSeal);
  if (demanding.length === 0) return;
  const proof = await foreseeableAmr(grant);
  if (proof === undefined || proof === 'QCForESeal') return;
  const names = demanding.map(({ name }) => name).join(', ');
  throw new Fault('PV-202', { say: { scopes: `, ${names}` }, expected: 'QCForESeal', got: proof });
}

async function scopesShareAnAlgorithm(grant: Grant): Promise<void> {
  signingAlgorithm(await grant.scopes(), grant.ports.settings);
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

/**
 * Every scope is open to all or granted to the consumer, to no customer beneath the client; for a client that a supplier made, to
 * the supplier too. An organisation that is inactive or unknown has no access. Contract §1.5 no. 20, §5.4, §5.6, `PV-SEC-071`
 */
async function consumerHasAccess(grant: Grant): Promise<void> {
  const { supplierOrgno } = await grant.client();
  const organizations = [await grant.entitled(), ...(supplierOrgno === undefined ? [] : [supplierOrgno])];
  for (const scope of await grant.scopes()) {
    for (const organization of scope.accessibleForAll ? [] : organizations) {
      if (!(await isLetIn(grant, scope, organization)))
        throw new Fault('MP-250', { say: { scope: scope.name }, expected: `access for ${organization}`, got: 'none' });
    }
  }
}

/**
 * A fixed scope is open where the operator has given it to the organisation, and not to a client that acts for a customer, which could
 * else administer in its name. (It cannot be delegated either: it names no source.)
 */
async function isLetIn(grant: Grant, { name }: ScopeRules, organization: OrganizationNumber): Promise<boolean> {
  const registered = await grant.organization(organization);
  const actsForItself = (await grant.client()).supplierOrgno === undefined && grant.claims().onBehalfOf === undefined;
  if (isAdminScope(name)) return holdsAdminScope(registered, name) && actsForItself;
  return registered?.active === true && (await grant.access(name, organization))?.state === 'APPROVED';
}

/** Where this server answers for them; who else does is asked later. */
async function detailsAreHeld(grant: Grant): Promise<void> {
  if (!(await grant.detailsAuthority())?.remote) await grant.grantedDetails();
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
