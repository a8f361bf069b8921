import type { IntegrationType } from './scope.ts';
import { CONTRACT_ALGORITHM, type SigningAlgorithm } from './signing-algorithm.ts';
import { HOUR, MINUTE } from './time.ts';

/** What an operator may set about tokens. Every default is the contract's own behaviour. */
export type TokenSettings = {
  /** This server's name: the `iss` of its tokens and the only `aud` it accepts, byte for byte. Ends in a slash. */
  readonly issuer: string;
  /** How old `iat` may be, in seconds; unset: bounded by `exp` alone. 10 is the documentation read literally. Contract §1.4 */
  readonly iatMaxAge?: number;
  /** How long after `exp` an assertion still counts, in seconds, 0 to 60. */
  readonly expLeeway: number;
  /** Whether `jti` is demanded. */
  readonly requireJti: boolean;
  /** Whether kid decides when an assertion carries both kid and x5c. `PV-SEC-009` */
  readonly kidWinsOverX5c: boolean;
  /** Whether the identity-related refusals all look like MP-100. `PV-SEC-066` */
  readonly uniformErrors: boolean;
  /** Whether a token without an audience says `"aud": "unspecified"`. Contract §2.6 */
  readonly unspecifiedAudience: boolean;
  /** No token lives longer, in seconds. `PV-SEC-074` */
  readonly maxTokenLifetime: number;
  /** Whether a client may name a customer that is registered beneath it, by `iss_onbehalfof`. Contract §5.4 */
  readonly onBehalfOf: boolean;
  /** Kinds of client that may fetch tokens here. Contract §1.5 no. 5 */
  readonly integrationTypes: readonly IntegrationType[];
  /** What this server signs with, the contract's among them; the first where a scope asks for none. `PV-SEC-074` */
  readonly signingAlgorithms: readonly SigningAlgorithm[];
  /** Whether anyone who may ask for explanations is shown everybody's: in a world that is made up. User experience §7 */
  readonly explainsToAll: boolean;
};

/** The contract's own behaviour. */
export const DEFAULT_TOKEN_SETTINGS: Omit<TokenSettings, 'issuer'> = {
  expLeeway: 0,
  requireJti: false,
  kidWinsOverX5c: false,
  uniformErrors: false,
  unspecifiedAudience: false,
  maxTokenLifetime: HOUR,
  onBehalfOf: false,
  integrationTypes: ['maskinporten'],
  signingAlgorithms: [CONTRACT_ALGORITHM],
  explainsToAll: false,
};

/** Longest life of an assertion, in seconds. Contract §1.4 */
export const ASSERTION_MAX_LIFETIME = 2 * MINUTE;

/** How far ahead of the server's clock `iat` and `nbf` may lie, in seconds. Contract §1.4 */
export const CLOCK_SKEW = 10;

/** How long anyone may keep the metadata and the keys, in seconds. Contract §4.2 */
export const DOCUMENT_MAX_AGE = HOUR;

/** How long a token lives when neither client nor scope says, in seconds. Contract §2.5 */
export const DEFAULT_TOKEN_LIFETIME = 2 * MINUTE;

/** What wraps the private keys that lie in the data directory. `PV-SEC-093` */
export type MasterKeySetting = {
  /** `file`: 32 random bytes; `passphrase`: a text that a key is derived from. */
  readonly kind: 'file' | 'passphrase';
  /** Absolute. */
  readonly file: string;
  /** Whether the server makes the file where it is not there, and nothing was wrapped with it. */
  readonly mayBeMade: boolean;
};

/** How the server keeps its own keys. */
export type KeySettings = {
  readonly master: MasterKeySetting;
  /** The master key before; what it has wrapped can still be opened. `PV-SEC-101` */
  readonly former?: MasterKeySetting;
  /** Whether keys that lie there in the clear, from before, are sealed at the start. */
  readonly sealsPlain: boolean;
  /** How long a key signs before the next one does, in seconds; absent: until somebody says otherwise. */
  readonly rotateEvery?: number;
};

/** Whom the operator lets answer for others' acting. */
export type AuthoritySettings = {
  /** Whether this server's own register answers for scopes that name the server's issuer as their source. */
  readonly delegations: 'local' | 'off';
  /** Who answers for system users, and who for consents: `local` is the own register, `off` nobody, anything else names a source. */
  readonly systemUsers: string;
  readonly consents: string;
};
