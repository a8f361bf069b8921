import type { Audit, AuditRecord, CheckpointKey } from './audit.ts';
import type { Authorities } from './authorities.ts';
import type { GrantedDetails } from './authorization-details.ts';
import type { FaultCode } from './catalogue.ts';
import type { Client, KeyFlaw, PublicJwk, RegistrableKey } from './client.ts';
import type { Consent } from './consent.ts';
import type { DelegatedScope, Delegation, DelegationFilter, Period } from './delegation.ts';
import type { EndingKey, SeenCertificate, Span } from './endings.ts';
import type { Limits } from './limits.ts';
import type { OrganizationNumber } from './organization.ts';
import type { ReplayFloor } from './replay-floor.ts';
import type { Access, Scope } from './scope.ts';
import type { TokenSettings } from './settings.ts';
import type { SigningAlgorithm } from './signing-algorithm.ts';
import type { SigningKeyRecord } from './signing-key.ts';
import type { Source } from './source.ts';
import type { Statistics } from './statistics.ts';
import type { JsonObject } from './strict-json.ts';
import type { System, SystemUser, SystemUserQuestion } from './system-user.ts';
import type { EpochSeconds } from './time.ts';

export type { AuditRecord } from './audit.ts';
export type { ReplayFloor } from './replay-floor.ts';
export type { SigningKeyRecord } from './signing-key.ts';

/** What the rules ask of the outside. Built once by the composition root. */
export type Ports = {
  readonly storage: Storage;
  /**
   * The registers as they stand now, for judging a request: asked once for each, before anything is read. What it gives is never
   * older than that moment, and may be kept copies. `PV-SEC-072`, `PV-SEC-073`
   */
  readonly registers: () => Promise<TokenRegisters>;
  readonly headers: KnownHeaders;
  readonly verifier: Verifier;
  readonly keyPolicy: KeyPolicy;
  readonly certificates: Certificates;
  readonly revocation: RevocationData;
  readonly signer: TokenSigner;
  readonly authorities: Authorities;
  readonly counter: TokenCounter;
  readonly unproven: UnprovenRefusals;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: TokenSettings;
};

/** The one clock. `PV-SEC-026` */
export interface Clock {
  /** Seconds since 1970, with a fraction. */
  now(): number;
}

/**
 * Does something again and again, in the background.
 * @param work never fails.
 * @returns what ends it
 */
export type Every = (seconds: number, work: () => Promise<void>) => () => void;

/** The one source of randomness. `PV-SEC-102` */
export interface Random {
  /** 256 random bits as 43 base64url characters. */
  token(): string;
  /** 128 random bits as 32 lower-case hex digits: a correlation id. */
  traceId(): string;
  /** 64 random bits as 16 lower-case hex digits: one question of a trace. */
  spanId(): string;
  /** A random UUID in lower case: a client id. RFC 9562 §5.4, `PV-SEC-085` */
  uuid(): string;
}

/**
 * Headers of assertions that held, as they were read: a client sends the same each time, with its whole chain where it signs with a
 * certificate. Bounded; strangers put nothing in it.
 */
export interface KnownHeaders {
  /** @param text as sent, in base64url. */
  find(text: string): JsonObject | undefined;
  keep(text: string, header: JsonObject): void;
}

/** JWS signatures of assertions. RFC 7515 §5.2 */
export interface Verifier {
  /**
   * Whether the signature over the input is the key's, by an algorithm that is the key's own. A key that breaks the key
   * policy (`PV-SEC-013`) verifies nothing.
   */
  verify(alg: string, key: VerificationKey, input: string, signature: Uint8Array): boolean;
}

/** A public key and the name under which it is kept prepared. */
export type VerificationKey = {
  readonly jwk: PublicJwk;
  /** RFC 7638, base64url. */
  readonly thumbprint: string;
};

/** Which keys may be registered on a client: RSA, within bounds, without a private member. `PV-SEC-013`, `PV-SEC-014` */
export interface KeyPolicy {
  /** Reads a public key in JWK form. What else stands in it is ignored. */
  read(jwk: JsonObject): RegistrableKey | KeyFlaw;
}

/** How a client proved who it is, the token's `client_amr`. Contract §2.4 */
export type ClientAmr = 'private_key_jwt' | 'virksomhetssertifikat' | 'QCForESeal' | 'CForESeal';

/** What a trusted certificate says. */
export type CertificateVerdict = {
  readonly organization: OrganizationNumber;
  readonly key: VerificationKey;
  readonly amr: ClientAmr;
  /** SHA-256 of the leaf's DER, and its serial number, both in hex. */
  readonly fingerprint: string;
  readonly serial: string;
  /** For explanations: subject common name and end of validity. */
  readonly subject: string;
  readonly notAfter: EpochSeconds;
  /** Id of the trust entry that the path ends in, and what was demanded of revocation there. */
  readonly anchor: string;
  readonly revocation: RevocationPolicy;
};

/** Enterprise certificates: chain, dates, usage, organisation. Contract §8.4, security reference §2 */
export interface Certificates {
  /**
   * Judges a chain as it was presented.
   * @param chain strict DER, leaf first, at most five.
   * @param before is called where no verdict is kept and the work begins; what it throws is passed on. `PV-SEC-114`
   * @throws {Fault} MP-120, its detail naming the rule that was broken.
   */
  judge(chain: readonly Uint8Array[], now: EpochSeconds, before?: () => void): Promise<CertificateVerdict>;
  /** The environment whose authorities may be trusted here, and the issuer profiles that there are. `PV-SEC-052` */
  readonly environment: TrustEntry['environment'];
  readonly profiles: readonly string[];
  /** The name spaces that an anchor may be let assert organisations in, such as `NTRSE`. `PV-SEC-050` */
  readonly namespaces: readonly string[];
  /**
   * Reads the certificate of an authority, PEM or DER. Whether it is valid today is not looked at.
   * @throws {Fault} PV-601 for what could never validate anything.
   */
  readAuthority(bytes: Uint8Array): Authority;
  /** Holds an entry to what this server can judge by. @throws {Fault} PV-601 naming the member */
  assertTrustable(entry: TrustEntry): void;
  /** What is demanded of revocation below an entry: what it says, else what its environment makes of it. Security reference §3 */
  policyOf(entry: Pick<TrustEntry, 'revocation' | 'environment'>): RevocationPolicy;
  /** Judges by these entries from now on, and forgets every verdict unless they are the same as before. `PV-SEC-048` */
  reload(entries: readonly TrustEntry[]): void;
}

/** What is known of the revocation list at one address, and of the last try to fetch it. */
export type ListReport = {
  readonly url: string;
  /** Of the list that counts, in decimal digits; absent with the next three while there is none. */
  readonly number?: string;
  readonly thisUpdate?: EpochSeconds;
  readonly nextUpdate?: EpochSeconds;
  readonly entries?: number;
  /** When the list that counts was fetched. */
  readonly fetched?: EpochSeconds;
  /** Why the last try gave none. */
  readonly failure?: string;
};

/** What is known of revoked certificates, and where it comes from. Security reference §3 */
export interface RevocationData {
  /** The lists of a CA, in the order of its addresses. */
  of(entry: TrustEntry): readonly ListReport[];
  /** Fetches them now; what could not be had is told of in the reports. */
  refresh(entry: TrustEntry): Promise<readonly ListReport[]>;
}

/** A CA certificate that can be used as an issuer. */
export type Authority = {
  readonly der: Uint8Array;
  /** SHA-256 of the DER in hex, by which a trust entry is known. */
  readonly fingerprint: string;
  /** Common name of its subject. */
  readonly subject: string;
  readonly notAfter: EpochSeconds;
};

/** The server's own signature by one key. */
export interface Signer {
  /** A compact JWS over the claims, header exactly `kid` and `alg`. Contract §2.2 */
  sign(claims: object): Promise<string>;
}

/** The server's own signature on access tokens, by the key of each algorithm that is set. */
export interface TokenSigner {
  /** As {@link Signer}. An algorithm that was not set is the caller's mistake. */
  sign(claims: object, algorithm: SigningAlgorithm): Promise<string>;
}

/** What is counted of a token: who fetched it, in whose name, for what. */
export type IssuedToken = {
  readonly clientId: string;
  readonly amr: ClientAmr;
  readonly consumer: OrganizationNumber;
  /** The organisation that acts for the consumer. */
  readonly supplier?: OrganizationNumber;
  readonly details?: Pick<GrantedDetails, 'type'>;
  readonly scopes: readonly string[];
};

/**
 * Counts tokens as they are issued, what is refused for want of a delegation, and certificates that clients show: at once, and without
 * ever failing.
 */
export interface TokenCounter {
  issued(token: IssuedToken, at: EpochSeconds): void;
  undelegated(asked: DelegatedScope, at: EpochSeconds): void;
  /** Notes the certificate that a client has proved with who it is. */
  certificateSeen(certificate: SeenCertificate): void;
}

/**
 * Refusals that nobody has proven to have caused: before a signature held, and of replays. They have no record of their own, so that
 * strangers cannot fill the audit.
 */
export interface UnprovenRefusals {
  /** At once, and without ever failing. */
  count(code: FaultCode, correlationId: string, at: EpochSeconds): void;
}

/**
 * What makes two assertions the same: the client's `jti`, or without one the signing input `header.payload`. The signature
 * is never part of it. `PV-SEC-032`, `PV-SEC-033`
 */
export type SpendKey = { readonly clientId: string } & ({ readonly jti: string } | { readonly signingInput: string });

/** Assertions that have been used. Atomic and durable by contract. `PV-SEC-029`, `PV-SEC-030` */
export interface SpentAssertions {
  /**
   * Spends an assertion, once per client until `expires`, and keeps `verdict` for the audit in the same durable commit.
   * @returns false when it was spent before, or when it ends when one did that has been removed and so may be that one,
   * whatever any clock says; then nothing is kept. `PV-SEC-031`
   */
  spend(key: SpendKey, expires: EpochSeconds, verdict: AuditRecord): Promise<boolean>;
  /** Whether it has been spent. For explanations only; the decision is `spend` alone. */
  isSpent(key: SpendKey): Promise<boolean>;
  /**
   * Removes at most `limit` rows whose expiry lies more than 60 s before `now`, the earliest first; the margin is the store's. What
   * goes is added to the replay floor's `forgotten` in the same commit.
   * @returns how many went. `PV-SEC-031`, `PV-SEC-035`
   */
  prune(now: EpochSeconds, limit: number): Promise<number>;
}

/** An organisation as it is registered. */
export type Organization = {
  readonly orgno: OrganizationNumber;
  readonly name: string;
  /** An inactive one's clients get no tokens, and its accesses and delegations rest. */
  readonly active: boolean;
  /** Fixed scopes that its clients may hold: core/admin-scopes.ts. */
  readonly adminScopes: readonly string[];
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** A scope prefix and the one organisation that owns it. Contract §5.5.4 */
export type Prefix = {
  readonly prefix: string;
  readonly ownerOrgno: OrganizationNumber;
  readonly active: boolean;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/**
 * `require`: a fresh answer that nothing is revoked. `grace`: a list may have ended a while ago. `soft`: without an answer it is
 * accepted. `off`: nobody is asked. A revoked certificate is refused under all but the last. Security reference §3
 */
export type RevocationPolicy = 'require' | 'grace' | 'soft' | 'off';

/** A CA certificate that enterprise certificates are judged by. Security reference §2 */
export type TrustEntry = {
  readonly id: string;
  /** Base64 DER of the certificate. */
  readonly certificate: string;
  readonly role: 'anchor' | 'intermediate';
  readonly environment: 'test' | 'production';
  /** Name of the issuer profile that says where the organisation stands and what is demanded. */
  readonly profile: string;
  /**
   * Name spaces, such as `NTRSE`, that certificates below it may assert organisations in; absent: those of the profile. Of an anchor.
   * `PV-SEC-050`
   */
  readonly organizationNamespaces?: readonly string[];
  /** Addresses of the lists of what this CA has revoked. Absent: none. */
  readonly crlUrls?: readonly string[];
  /** Who answers about one certificate of this CA where its lists do not. RFC 6960 */
  readonly ocspUrl?: string;
  /** What is demanded of paths that end in this anchor; absent: `off` in the test environment, `require` in production. */
  readonly revocation?: RevocationPolicy;
  readonly created: EpochSeconds;
};

/** Which accesses are asked for: a scope's, a consumer's, or those on all scopes of an owner. */
export type AccessFilter = {
  readonly scope?: string;
  readonly consumerOrgno?: OrganizationNumber;
  readonly ownerOrgno?: OrganizationNumber;
  /** Those alone that were asked for. */
  readonly requested?: true;
};

/** A customer that a client's tokens may be fetched for. Contract §5.4 */
export type OnBehalfOf = {
  readonly clientId: string;
  /** The value of `onbehalfof`, chosen by the caller. */
  readonly id: string;
  readonly orgno: OrganizationNumber;
  readonly name: string;
  /** The contract's members that no rule here reads, as they go over the wire. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** How many tokens a client has been issued with a scope in the name of a consumer, and when the last. */
export type TokenCount = {
  readonly clientId: string;
  /** The client's own organisation, unless it acts for another. */
  readonly consumerOrgno: OrganizationNumber;
  readonly scope: string;
  readonly tokens: number;
  readonly lastToken: EpochSeconds;
};

/**
 * Plain counters of tokens. They are written off the token path, some seconds later, and what a crash takes from them is only
 * figures: nothing is decided by them.
 */
export interface TokenCounts {
  /** Adds to the counters in one transaction. */
  add(counts: readonly TokenCount[]): Promise<void>;
  listOfClient(clientId: string): Promise<TokenCount[]>;
  listOfScope(scope: string): Promise<TokenCount[]>;
  /** Those of an owner's scopes, each summed up over everybody; scopes without tokens are left out. */
  sumOfScopes(owner: OrganizationNumber): Promise<Omit<TokenCount, 'clientId' | 'consumerOrgno'>[]>;
}

/** How often a supplier has asked for a token that a consumer's delegation would have opened, and when the last time. */
export type MissedDelegation = DelegatedScope & { readonly times: number; readonly lastAsked: EpochSeconds };

/** Counters as {@link TokenCounts} are, of what was refused for want of a delegation. */
export interface MissedDelegations {
  add(missed: readonly MissedDelegation[]): Promise<void>;
  /** By consumer, then scope; those that have been delegated since among them. */
  listOfSupplier(supplier: OrganizationNumber): Promise<MissedDelegation[]>;
}

/** The certificates that clients have shown, written off the token path as {@link TokenCounts} are. */
export interface SeenCertificates {
  add(seen: readonly SeenCertificate[]): Promise<void>;
}

/**
 * What ends in a span of time, of clients that may act and of delegations that are not revoked, the first to end first: of one
 * organisation as a party of it, or of everybody.
 */
export interface Endings {
  keys(span: Span, organization?: OrganizationNumber): Promise<EndingKey[]>;
  certificates(span: Span, organization?: OrganizationNumber): Promise<SeenCertificate[]>;
  delegations(span: Span, organization?: OrganizationNumber): Promise<Delegation[]>;
}

/** What a client's POST was answered when it first brought an idempotency key. `PV-SEC-088` */
export type FirstResult = {
  readonly clientId: string;
  readonly key: string;
  /** Digest of the request: address and body. */
  readonly request: string;
  readonly answer: object;
  readonly created: EpochSeconds;
};

/**
 * Reading what is registered. Not found is undefined. Lists are in the byte order of the natural key, signing keys oldest first.
 */
export interface Registers {
  readonly organizations: { find(orgno: OrganizationNumber): Promise<Organization | undefined>; list(): Promise<Organization[]> };
  readonly prefixes: { find(prefix: string): Promise<Prefix | undefined>; list(): Promise<Prefix[]> };
  readonly scopes: {
    find(name: string): Promise<Scope | undefined>;
    list(): Promise<Scope[]>;
    /** Those of an owner. */
    listOf(owner: OrganizationNumber): Promise<Scope[]>;
  };
  readonly accesses: {
    find(scope: string, consumer: OrganizationNumber): Promise<Access | undefined>;
    /** Those that match every member that is given; at least one is. By scope, then consumer. */
    list(filter: AccessFilter): Promise<Access[]>;
  };
  readonly clients: {
    find(clientId: string): Promise<Client | undefined>;
    list(): Promise<Client[]>;
    /** Those that are the organisation's own or that it made as a supplier. */
    listOf(organization: OrganizationNumber): Promise<Client[]>;
  };
  /** Registrations of customers beneath a client. Contract §5.4 */
  readonly onBehalfOf: {
    find(clientId: string, id: string): Promise<OnBehalfOf | undefined>;
    listOf(clientId: string): Promise<OnBehalfOf[]>;
  };
  readonly delegations: {
    find(id: string): Promise<Delegation | undefined>;
    /**
     * Whether a delegation lets the supplier act at the moment, both organisations being active: one look at one snapshot, whose cost
     * does not grow with the number of delegations. `PV-SEC-072`
     */
    inForce(asked: DelegatedScope, now: EpochSeconds): Promise<boolean>;
    /** The periods of all that are not revoked and let the supplier act, both organisations being active: what `inForce` rests on. */
    periods(asked: DelegatedScope): Promise<readonly Period[]>;
    list(filter: DelegationFilter): Promise<Delegation[]>;
  };
  readonly systems: {
    find(systemId: string): Promise<System | undefined>;
    /** Those of a vendor, inactive ones too. */
    listOf(vendor: OrganizationNumber): Promise<System[]>;
  };
  readonly systemUsers: {
    find(id: string): Promise<SystemUser | undefined>;
    /** The active one that answers, of an active system of the vendor's that has the client, neither party inactive. Contract §7.1 */
    findFor(asked: SystemUserQuestion): Promise<SystemUser | undefined>;
    /** Those of a vendor's systems, or of a customer; all states. */
    list(
      party: { readonly vendorOrgno: OrganizationNumber } | { readonly customerOrgno: OrganizationNumber },
    ): Promise<SystemUser[]>;
  };
  readonly consents: {
    find(id: string): Promise<Consent | undefined>;
    /** Those given to an organisation, or given by a party; all states. */
    list(party: { readonly toOrgno: OrganizationNumber } | { readonly from: string }): Promise<Consent[]>;
  };
  readonly sources: {
    find(name: string): Promise<Source | undefined>;
    findByIssuer(issuer: string): Promise<Source | undefined>;
    list(): Promise<Source[]>;
  };
  readonly trust: {
    find(id: string): Promise<TrustEntry | undefined>;
    list(): Promise<TrustEntry[]>;
    /** Rises with every change of an entry, by whatever process, and costs next to nothing to ask. */
    version(): Promise<number>;
  };
  readonly signingKeys: { list(): Promise<SigningKeyRecord[]> };
}

/** What every token hangs on. */
export type TokenRegisters = {
  readonly [Name in 'clients' | 'organizations' | 'scopes' | 'accesses']: Pick<Registers[Name], 'find'>;
} & {
  readonly delegations: Pick<Registers['delegations'], 'inForce'>;
  /** As it stood at that moment. */
  readonly replayFloor: ReplayFloor;
};

/**
 * Changing what is registered, inside a transaction. `put` makes or replaces by the natural key; an entry that refers to one that
 * is not there is the caller's mistake, and rejects with another error than {@link StoreUnavailable}.
 */
export interface Changes extends Registers {
  readonly organizations: Registers['organizations'] & { put(organization: Organization): Promise<void> };
  readonly prefixes: Registers['prefixes'] & { put(prefix: Prefix): Promise<void> };
  readonly scopes: Registers['scopes'] & { put(scope: Scope): Promise<void> };
  readonly accesses: Registers['accesses'] & { put(access: Access): Promise<void> };
  /** The client with its whole set of keys and scopes. */
  readonly clients: Registers['clients'] & { put(client: Client): Promise<void> };
  readonly onBehalfOf: Registers['onBehalfOf'] & {
    put(registration: OnBehalfOf): Promise<void>;
    remove(clientId: string, id: string): Promise<void>;
  };
  readonly delegations: Registers['delegations'] & { put(delegation: Delegation): Promise<void> };
  readonly systems: Registers['systems'] & { put(system: System): Promise<void> };
  readonly systemUsers: Registers['systemUsers'] & { put(systemUser: SystemUser): Promise<void> };
  readonly consents: Registers['consents'] & { put(consent: Consent): Promise<void> };
  readonly sources: Registers['sources'] & { put(source: Source): Promise<void>; remove(name: string): Promise<void> };
  readonly trust: Registers['trust'] & { put(entry: TrustEntry): Promise<void>; remove(id: string): Promise<void> };
  /** One key of an algorithm signs: to put another in state `active` beside it is the caller's mistake. */
  readonly signingKeys: Registers['signingKeys'] & { put(key: SigningKeyRecord): Promise<void> };
  readonly firstResults: {
    find(clientId: string, key: string): Promise<FirstResult | undefined>;
    /** Keeps it, in place of an older one. */
    put(result: FirstResult): Promise<void>;
    /** Removes those that were created before the moment. */
    prune(before: EpochSeconds): Promise<void>;
  };
  /** Every change carries its record in the same transaction. `PV-SEC-092` */
  readonly audit: { append(record: AuditRecord): Promise<void> };
  readonly checkpointKeys: { list(): Promise<CheckpointKey[]>; put(key: CheckpointKey): Promise<void> };
  readonly replayFloor: {
    /** Refuses assertions that were issued earlier, from the next request on; a moment below the floor leaves it. `PV-SEC-036` */
    raise(issuedFrom: EpochSeconds): Promise<void>;
  };
  readonly backups: {
    /** Keeps when a backup was made, and its SHA-256 in hex, in place of the one before. */
    put(backup: { readonly at: EpochSeconds; readonly digest: string }): Promise<void>;
  };
}

/** What every request asks the store first, in one look. */
export type Standing = {
  /**
   * A number that every change of what is registered raises, before the change is answered: in every process on the store, where
   * they are several machines' within a second, and at once in the one that made the change.
   */
  readonly version: number;
  readonly replayFloor: ReplayFloor;
};

/**
 * The store. One contract for every adapter, held by `test/storage/contract.ts`. A failing store rejects with
 * {@link StoreUnavailable}, never with the driver's own error.
 */
export interface Storage extends Registers {
  readonly assertions: SpentAssertions;
  readonly tokenCounts: TokenCounts;
  readonly statistics: Statistics;
  readonly missedDelegations: MissedDelegations;
  readonly seenCertificates: SeenCertificates;
  readonly endings: Endings;
  /**
   * Runs the work in one durable transaction: all of it or nothing. The work awaits nothing but `changes`, or it would wait for
   * itself; transactions of one process run one after the other.
   */
  transaction<T>(work: (changes: Changes) => Promise<T>): Promise<T>;
  readonly audit: Audit;
  standing(): Promise<Standing>;
  /**
   * 32 random bytes that belong to this store, made when they are first asked for: the same for every process and for ever. For
   * what has no worth outside the server, such as the cursors of lists.
   */
  secret(name: string): Promise<Uint8Array>;
  /** Resolves when the store can be read and written. @throws {StoreUnavailable} */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** The store cannot be reached, is full, read-only, locked or broken: the client may try again later. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What a log line may say; there is no way to log anything else. `PV-SEC-103`, `PV-SEC-104` */
export type LogFields = {
  readonly correlation_id?: string;
  readonly code?: string;
  readonly status?: number;
  /** What a Fault noted for the log: the rule that was broken, never a value that was sent. */
  readonly detail?: string;
  readonly error?: string;
  readonly stack?: string;
  readonly issuer?: string;
  readonly duration_ms?: number;
};

/** The server's log. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
