import type { Authorities } from './authorities.ts';
import type { GrantedDetails } from './authorization-details.ts';
import type { FaultCode } from './catalogue.ts';
import type { KeyFlaw, PublicJwk, RegistrableKey } from './client.ts';
import type { DelegatedScope } from './delegation.ts';
import type { SeenCertificate } from './endings.ts';
import type { Refusal } from './explain-refusal.ts';
import type { Limits } from './limits.ts';
import type { OrganizationNumber } from './organization.ts';
import type { TokenSettings } from './settings.ts';
import type { SigningAlgorithm } from './signing-algorithm.ts';
import type { RevocationPolicy, Storage, TokenRegisters, TrustEntry } from './storage.ts';
import type { JsonObject } from './strict-json.ts';
import type { EpochSeconds } from './time.ts';
import type { Tracing } from './tracing.ts';

export type { AuditRecord } from './audit.ts';
export type { ReplayFloor } from './replay-floor.ts';
export type { SigningKeyRecord } from './signing-key.ts';
export type {
  AccessFilter,
  Changes,
  Endings,
  FirstResult,
  MissedDelegation,
  MissedDelegations,
  OnBehalfOf,
  Organization,
  Prefix,
  Registers,
  RevocationPolicy,
  SeenCertificates,
  SpendKey,
  SpentAssertions,
  Standing,
  Storage,
  TokenCount,
  TokenCounts,
  TokenRegisters,
  TrustEntry,
} from './storage.ts';
export { StoreUnavailable } from './storage.ts';

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
  readonly refused: RefusedRequests;
  readonly limits: Limits;
  readonly tracing: Omit<Tracing, 'request'>;
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

/** Refused token requests, which are explained after they have been answered. User experience §7 */
export interface RefusedRequests {
  /** Takes note of one, at once and without ever failing; what there is no time for is dropped, and counted. */
  note(refusal: Refusal): void;
  /** Resolves when everything that was noted here has been kept or dropped. Never rejects. */
  settled(): Promise<void>;
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
