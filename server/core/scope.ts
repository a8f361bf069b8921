import type { OrganizationNumber } from './organization.ts';
import type { SigningAlgorithm } from './signing-algorithm.ts';
import type { EpochSeconds } from './time.ts';

/** Kinds of client that Maskinporten's self-service API knows. Contract §5.2.2 */
export const INTEGRATION_TYPES = [
  'ansattporten',
  'api_klient',
  'eformidling',
  'idporten',
  'idporten_saml2',
  'krr',
  'maskinporten',
] as const;
export type IntegrationType = (typeof INTEGRATION_TYPES)[number];

/** A scope as it is registered. Times are epoch seconds. Contract §5.5.2 */
export type Scope = {
  /** `prefix:subscope`, the name on the wire. */
  readonly name: string;
  readonly prefix: string;
  readonly subscope: string;
  readonly ownerOrgno: OrganizationNumber;
  readonly active: boolean;
  /** Open to every organisation: no access row is consulted. */
  readonly accessibleForAll: boolean;
  /** Empty: every kind of client may carry it. */
  readonly allowedIntegrationTypes: readonly IntegrationType[];
  /** Longest life of a token that carries it, in seconds; 0 when the owner has set none. Contract §2.5 */
  readonly atMaxAge: number;
  /** The issuer that answers for delegations of it; absent: it cannot be delegated. Contract §6.1 */
  readonly delegationSource?: string;
  /** Sets the token's `aud`, whatever the grant asked for. Contract §2.6 */
  readonly enforcedAudience?: string;
  /** Its tokens are for clients alone that sign with a qualified certificate for seals. Ours: the contract has no such member. */
  readonly requiresQualifiedSeal?: true;
  /** What its tokens are signed with; absent: what the issuer signs with. Ours: the contract has no such member. */
  readonly signingAlgorithm?: SigningAlgorithm;
  /** The contract's members that no rule here reads (texts, visibility and the like), as they go over the wire. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** State of an owner's permission for a consumer. Contract §5.5.3 */
export const ACCESS_STATES = ['REQUESTED', 'APPROVED', 'DENIED'] as const;
export type AccessState = (typeof ACCESS_STATES)[number];

/** The owner's permission for one organisation to use one scope. Only `APPROVED` opens it. Contract §5.5.3 */
export type Access = {
  readonly scope: string;
  readonly consumerOrgno: OrganizationNumber;
  readonly state: AccessState;
  /** Why it was asked for, granted or denied, in the asker's or the owner's words. */
  readonly reason?: string;
  /** The client that asked for it, when it was asked for. */
  readonly requestedBy?: string;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** Most scopes that one grant may ask for. `PV-SEC-019` */
export const MAX_SCOPES = 100;

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/;

/**
 * Splits the `scope` claim at white space.
 * @returns the scopes in the order asked, or undefined when one is ungrammatical, asked for twice, or there are more than
 * {@link MAX_SCOPES}. RFC 6749 §3.3, `PV-SEC-019`
 */
export function parseScopes(claim: string): readonly string[] | undefined {
  const scopes = claim.split(/[ \t\r\n]+/).filter((scope) => scope !== '');
  const sound = scopes.length <= MAX_SCOPES && new Set(scopes).size === scopes.length && scopes.every((s) => SCOPE_TOKEN.test(s));
  return sound ? scopes : undefined;
}

/** Whether the text can be a prefix: small letters, digits, `_` and `-`. Contract §5.5.2 */
export function isPrefix(text: string): boolean {
  return /^[a-z0-9_-]{2,255}$/.test(text);
}

/**
 * Whether the text can stand after a prefix and its colon in a new scope: no segment between slashes is empty, `.` or `..`, so
 * that no reader of addresses makes another scope of it.
 */
export function isSubscope(text: string): boolean {
  return SCOPE_TOKEN.test(text) && text.split('/').every((segment) => !['', '.', '..'].includes(segment));
}

/** Whether the text can name a scope: `prefix:subscope` in the characters of RFC 6749 §3.3. Contract §5.5.2 */
export function isScopeName(text: string): boolean {
  return SCOPE_TOKEN.test(text) && /^[a-z0-9_-]{2,}:./.test(text);
}
