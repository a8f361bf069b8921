import type { Audit, AuditRecord, CheckpointKey } from './audit.ts';
import type { Client } from './client.ts';
import type { Consent } from './consent.ts';
import type { DelegatedScope, Delegation, DelegationFilter, Period } from './delegation.ts';
import type { EndingKey, SeenCertificate, Span } from './endings.ts';
import type { KeptExplanations } from './kept-explanation.ts';
import type { OrganizationNumber } from './organization.ts';
import type { Readiness } from './readiness.ts';
import type { ReplayFloor } from './replay-floor.ts';
import type { Access, Scope } from './scope.ts';
import type { KeyHolders, SigningKeyRecord } from './signing-key.ts';
import type { Source } from './source.ts';
import type { MonthSeal, Statistics } from './statistics.ts';
import type { System, SystemUser, SystemUserQuestion } from './system-user.ts';
import type { EpochSeconds } from './time.ts';

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
  /** Whether nothing registered has been changed since: then all that was read meanwhile is of one state. */
  isCurrent(): Promise<boolean>;
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
    /** Removes those that were created so many seconds ago, also by the clock of a store that several nodes share. */
    prune(now: EpochSeconds, seconds: number): Promise<void>;
  };
  /** Every change carries its record in the same transaction. `PV-SEC-092` */
  readonly audit: { append(record: AuditRecord): Promise<void> };
  readonly checkpointKeys: { list(): Promise<CheckpointKey[]>; put(key: CheckpointKey): Promise<void> };
  readonly keyHolders: Pick<KeyHolders, 'list'>;
  readonly replayFloor: {
    /** Refuses assertions that were issued earlier, from the next request on; a moment below the floor leaves it. `PV-SEC-036` */
    raise(issuedFrom: EpochSeconds): Promise<void>;
  };
  readonly statisticMonths: {
    /** Seals a closed month, by its first second. @returns false when it is sealed already, or not closed; then nothing is kept */
    seal(from: EpochSeconds, seal: MonthSeal): Promise<boolean>;
  };
  readonly backups: {
    /** Keeps when a backup was made, and its SHA-256 in hex, in place of the one before. */
    put(backup: { readonly at: EpochSeconds; readonly digest: string }): Promise<void>;
  };
}

/** What every request asks the store first, in one look. */
export type Standing = {
  /**
   * A number that every change of what is registered raises, before the change is answered: at once in every process of the
   * node that makes the change, and within a second in those of other nodes on the store.
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
  readonly readiness: Readiness;
  readonly missedDelegations: MissedDelegations;
  readonly seenCertificates: SeenCertificates;
  readonly endings: Endings;
  readonly explanations: KeptExplanations;
  readonly keyHolders: KeyHolders;
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
  /**
   * Resolves when the store can be read and written.
   * @returns the time by the store's own clock, in seconds, where that is not this machine's
   * @throws {StoreUnavailable}
   */
  ready(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** The store cannot be reached, is full, read-only, locked or broken: the client may try again later. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}
