import { adminScopeRules, isAdminScope, isReserved, type ScopeRules } from './admin-scopes.ts';
import {
  type AssertionClaims,
  type AssertionHeader,
  type CompactJws,
  readClaims,
  readCompactJws,
  readHeader,
} from './assertion.ts';
import type { Authority } from './authorities.ts';
import { type GrantedDetails, type RequestedDetails, readDetails } from './authorization-details.ts';
import type { Client, RegisteredKey } from './client.ts';
import { Fault } from './fault.ts';
import { findDetails } from './find-details.ts';
import { CANONICAL_NUMBER, isCanonicalNumber, type OrganizationNumber } from './organization.ts';
import type { CertificateVerdict, OnBehalfOf, Organization, Ports, TokenRegisters } from './ports.ts';
import { type Access, parseScopes } from './scope.ts';
import type { EpochSeconds } from './time.ts';
import { parseTokenRequest } from './token-request.ts';
import type { Trace } from './trace.ts';
import { readX5c } from './x5c.ts';

/**
 * One request for a token under judgement: what it says and what is known about it, each fact worked out when it is first asked
 * for and kept, a refusal too. So the checks can be a plain list in the contract's order, a refusal for shape costs no look-up
 * and no key operation (`PV-SEC-022`), and a fact that was refused once is the same Fault each time it is asked for.
 */
export class Grant {
  /** The moment it is judged at, in whole seconds. */
  readonly now: EpochSeconds;
  readonly ports: Ports;
  /** Whether nobody has signed it. */
  readonly isSimulated: boolean;
  /** Where it came from, as far as that is known. */
  readonly address: string | undefined;
  /** What it is part of, as far as it came over the network. */
  readonly trace: Trace | undefined;
  /** @throws {Fault} PV-010, PV-013 */
  readonly assertion: () => string;

  private constructor(assertion: () => string, ports: Ports, { claims, address, trace }: Origin = {}) {
    this.assertion = once(assertion);
    this.address = address;
    this.trace = trace;
    this.claims = once(() => claims ?? readClaims(this.jws()));
    this.ports = ports;
    this.isSimulated = claims !== undefined;
    this.now = Math.floor(ports.clock.now());
  }

  /** A grant as the token endpoint receives it: the body of the form, the address it came from, and the trace it is part of. */
  static fromForm(body: Uint8Array, ports: Ports, { address, trace }: Omit<Origin, 'claims'>): Grant {
    return new Grant(() => parseTokenRequest(body).assertion, ports, { address, trace });
  }

  /** A grant of which only the assertion is at hand, to be explained. */
  static fromAssertion(assertion: string, ports: Ports): Grant {
    return new Grant(() => assertion, ports);
  }

  /** The claims of a grant that nobody has signed, to find out what they would entitle to. */
  static simulated(claims: AssertionClaims, ports: Ports): Grant {
    return new Grant(unsigned, ports, { claims });
  }

  /** @throws {Fault} MP-011 */
  readonly jws: () => CompactJws = once(() => readCompactJws(this.assertion(), this.ports.headers));

  /** @throws {Fault} MP-011 */
  readonly header: () => AssertionHeader = once(() => readHeader(this.jws()));

  /** @throws {Fault} MP-011 */
  readonly claims: () => AssertionClaims;

  /** What is registered, as it stands when it is first asked for. */
  readonly registers: () => Promise<TokenRegisters> = once(() => {
    this.#read = this.ports.registers();
    return this.#read;
  });

  #read: Promise<TokenRegisters> | undefined;

  /** Whether all facts so far are of one state of the registers: a change may have come between two of them. `PV-SEC-072` */
  async isOfOneState(): Promise<boolean> {
    return (await this.#read)?.isCurrent() ?? true;
  }

  /** The client named in `iss`. @throws {Fault} MP-100 unless it may act: an inactive or blocked one behaves as not existing. */
  readonly client: () => Promise<Client> = once(() => findClient(this));

  /** Whether a registered key (`kid`) or a certificate (`x5c`) signed it. @throws {Fault} PV-127 for neither, PV-128 for both */
  readonly signedBy: () => 'kid' | 'x5c' = once(() => chooseKey(this));

  /** The key that `kid` names. @throws {Fault} PV-125 */
  readonly registeredKey: () => Promise<RegisteredKey> = once(() => findKey(this));

  /** The certificates in `x5c`. @throws {Fault} MP-123 */
  readonly chain: () => readonly Buffer[] = once(() => readX5c(this.header().x5c ?? null));

  /** The certificate in `x5c`, or the one that the registered key is bound to. @throws {Fault} MP-120, PV-401 */
  readonly certificate: () => Promise<CertificateVerdict> = once(async () => {
    const bound = this.signedBy() === 'kid' ? (await this.registeredKey()).x5c : undefined;
    const chain = bound?.map((certificate) => Buffer.from(certificate, 'base64')) ?? this.chain();
    return judgeCertificate(chain, this);
  });

  /** Names of the scopes asked for, in that order. @throws {Fault} MP-200 when they are ungrammatical, doubled or too many */
  readonly scopeNames: () => readonly string[] = once(() => {
    const names = parseScopes(this.claims().scope);
    if (!names) throw new Fault('MP-200', { detail: 'ungrammatical, doubled or too many' });
    return names;
  });

  /** The scopes asked for. @throws {Fault} MP-200 naming those that are unknown, inactive or not on the client */
  readonly scopes: () => Promise<readonly ScopeRules[]> = once(() => findScopes(this));

  /** The organisation whose rights count: `consumer_org`, or the client's own. @throws {Fault} MP-011 when it cannot be one */
  readonly entitled: () => Promise<OrganizationNumber> = once(async () => {
    const { consumerOrg } = this.claims();
    if (consumerOrg === undefined) return (await this.client()).orgno;
    if (!isCanonicalNumber(consumerOrg))
      throw new Fault('MP-011', { detail: 'claim consumer_org', expected: `consumer_org: ${CANONICAL_NUMBER}` });
    return consumerOrg;
  });

  /** The customer that `iss_onbehalfof` names, if it does. @throws {Fault} PV-255 when it is not registered beneath the client */
  readonly onBehalfOf: () => Promise<OnBehalfOf | undefined> = once(() => findOnBehalfOf(this));

  /** The organisation that the token is for: a customer beneath the client, or the entitled one. */
  readonly consumer: () => Promise<OrganizationNumber> = once(
    async () => (await this.onBehalfOf())?.orgno ?? (await this.entitled()),
  );

  /** The issuer that answers for the scopes' delegations. @throws {Fault} PV-254 when they name more than one */
  readonly delegationSource: () => Promise<string | undefined> = once(() => findDelegationSource(this));

  /** Who answers for it; undefined: nobody. */
  readonly delegations: () => Promise<Authority | undefined> = once(async () => {
    const source = await this.delegationSource();
    return source === undefined ? undefined : this.ports.authorities.delegations(source);
  });

  /** The authorization details asked for, if any. @throws {Fault} MP-301, MP-302, MP-303 */
  readonly details: () => RequestedDetails | undefined = once(() => {
    const { authorizationDetails: objects } = this.claims();
    return objects && readDetails(objects, this.ports.authorities.detailsTypes);
  });

  /** Who answers for them. */
  readonly detailsAuthority: () => Promise<Authority | undefined> = once(async () => {
    const requested = this.details();
    return requested && this.ports.authorities.details(requested.type);
  });

  /** What the token says of them: here their authority is asked. @throws {Fault} MP-303, PV-501 */
  readonly grantedDetails: () => Promise<GrantedDetails | undefined> = once(() => findDetails(this));

  #isAnswered = false;

  /** From now on it counts against nobody: what is looked at after the answer only explains it. */
  answered(): void {
    this.#isAnswered = true;
  }

  /** Whether it has been answered. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  readonly #organizations = new Map<OrganizationNumber, Promise<Organization | undefined>>();

  /** An organisation as it is registered, looked up once: every check judges the same one. `PV-SEC-072` */
  organization(orgno: OrganizationNumber): Promise<Organization | undefined> {
    const found = this.#organizations.get(orgno) ?? this.registers().then(({ organizations }) => organizations.find(orgno));
    this.#organizations.set(orgno, found);
    return found;
  }

  /** The owner's permission for an organisation, where it exists. */
  async access(scope: string, consumer: OrganizationNumber): Promise<Access | undefined> {
    return (await this.registers()).accesses.find(scope, consumer);
  }
}

/** What is known of a grant besides its assertion. */
type Origin = {
  readonly claims?: AssertionClaims;
  readonly address?: string | undefined;
  readonly trace?: Trace | undefined;
};

/** Refused chains are counted against the address, which after too many has no unknown one judged. `PV-SEC-114` */
async function judgeCertificate(chain: readonly Buffer[], grant: Grant): Promise<CertificateVerdict> {
  const { ports, now, address, isAnswered } = grant;
  const { certificates, limits } = ports;
  if (address === undefined) return certificates.judge(chain, now);
  try {
    return await certificates.judge(chain, now, () => limits.judging(address));
  } catch (error) {
    if (error instanceof Fault && error.code === 'MP-120' && !isAnswered) limits.certificateRefused(address);
    throw error;
  }
}

function unsigned(): never {
  throw new Fault('MP-011', { detail: 'a simulation has no assertion' });
}

/** The value of a look-up, made once: later calls get the same value, promise or thrown Fault. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | { readonly fault: unknown } | undefined;
  return () => {
    made ??= attempt(make);
    if ('fault' in made) throw made.fault;
    return made.value;
  };
}

function attempt<T>(make: () => T): { readonly value: T } | { readonly fault: unknown } {
  try {
    return { value: make() };
  } catch (fault) {
    return { fault };
  }
}

/** Contract §1.3, the table of both and neither; `PV-SEC-009` */
function chooseKey(grant: Grant): 'kid' | 'x5c' {
  const { kid, x5c } = grant.header();
  if (kid === undefined && x5c === undefined) throw new Fault('PV-127', { expected: 'kid or x5c', got: 'neither' });
  if (kid !== undefined && x5c !== undefined && !grant.ports.settings.kidWinsOverX5c) {
    throw new Fault('PV-128', { expected: 'kid or x5c', got: 'both' });
  }
  return kid !== undefined ? 'kid' : 'x5c';
}

async function findClient(grant: Grant): Promise<Client> {
  const { settings } = grant.ports;
  const { iss } = grant.claims();
  const client = await (await grant.registers()).clients.find(iss);
  if (!client) throw new Fault('MP-100', { expected: 'a client id of this server' });
  if (client.blocked !== undefined)
    throw new Fault('MP-100', { expected: 'a client that the operator has not blocked', got: 'blocked' });
  const organization = await grant.organization(client.orgno);
  const supplier = client.supplierOrgno === undefined ? organization : await grant.organization(client.supplierOrgno);
  if (!client.active || !organization?.active || !supplier?.active)
    throw new Fault('MP-100', { expected: 'an active client and organisation', got: 'inactive' });
  if (!settings.integrationTypes.includes(client.integrationType)) {
    throw new Fault('MP-100', { expected: settings.integrationTypes.join(', '), got: client.integrationType });
  }
  return client;
}

async function findOnBehalfOf(grant: Grant): Promise<OnBehalfOf | undefined> {
  const { iss, onBehalfOf: id } = grant.claims();
  if (id === undefined) return undefined;
  const registration = await grant.ports.storage.onBehalfOf.find(iss, id);
  if (!registration) throw new Fault('PV-255', { expected: 'a value of onbehalfof that is registered on the client' });
  return registration;
}

async function findDelegationSource(grant: Grant): Promise<string | undefined> {
  const sources = new Set((await grant.scopes()).flatMap(({ delegationSource }) => delegationSource ?? []));
  if (sources.size > 1) throw new Fault('PV-254', { expected: 'one delegation source', got: `${sources.size}` });
  return [...sources][0];
}

async function findKey(grant: Grant): Promise<RegisteredKey> {
  const { kid } = grant.header();
  const key = (await grant.client()).keys.find((candidate) => candidate.kid === kid);
  if (!key) throw new Fault('PV-125', { expected: 'the kid of a key registered on the client' });
  return key;
}

async function findScopes(grant: Grant): Promise<readonly ScopeRules[]> {
  const names = grant.scopeNames();
  const client = await grant.client();
  const found = await Promise.all(names.map((name) => (client.scopes.includes(name) ? findScope(grant, name) : undefined)));
  const scopes = found.filter((scope) => scope?.active === true) as ScopeRules[];
  if (scopes.length === names.length) return scopes;
  const offending = names.filter((_, place) => found[place]?.active !== true);
  throw new Fault('MP-200', { say: { scopes: `, ${offending.join(', ')}` }, got: offending.join(' ') });
}

/** A fixed scope has no row, and whatever else stands under a reserved prefix is unknown, registered or not. */
async function findScope(grant: Grant, name: string): Promise<ScopeRules | undefined> {
  if (isAdminScope(name)) return adminScopeRules(name);
  return isReserved(name) ? undefined : (await grant.registers()).scopes.find(name);
}
