import type { OrganizationNumber } from './organization.ts';
import type { IntegrationType } from './scope.ts';
import type { EpochSeconds } from './time.ts';

/** The public members of an RSA key as a JWK. RFC 7517, RFC 7518 §6.3.1 */
export type PublicJwk = { readonly kty: string; readonly [member: string]: unknown };

/** A key that an organisation registered on a client. Contract §5.3 */
export type RegisteredKey = {
  readonly kid: string;
  /** The public key alone, without `kid`, `use`, `alg`. */
  readonly jwk: PublicJwk;
  /** RFC 7638 thumbprint, base64url: the name under which prepared key objects are kept. */
  readonly thumbprint: string;
  /** The one algorithm it may sign with, where it was registered with one. */
  readonly alg?: string;
  /** From this moment it signs nothing more. */
  readonly expires: EpochSeconds;
  /** Base64 DER, leaf first, when the key is bound to a certificate. */
  readonly x5c?: readonly string[];
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** A key that may be registered on a client, before it has times. */
export type RegistrableKey = Omit<RegisteredKey, 'expires' | 'created' | 'lastUpdated'>;

/** Why a key cannot be registered, and the member of the JWK that is to blame, in words that hold nothing of the key. */
export type KeyFlaw = { readonly flaw: string; readonly member: string };

/** A client with the keys registered on it. Contract §5.2 */
export type Client = {
  readonly clientId: string;
  readonly name: string;
  readonly orgno: OrganizationNumber;
  /** Set on clients that a supplier made for its customer (`orgno`). Contract §5.6 */
  readonly supplierOrgno?: OrganizationNumber;
  readonly active: boolean;
  /** The operator's reason; while there is one the client behaves as not existing, and its organisation cannot lift it. */
  readonly blocked?: string;
  readonly integrationType: IntegrationType;
  /** Names of the scopes it is registered for, in the order registered. */
  readonly scopes: readonly string[];
  /** Wanted token life in seconds; 0 when the caller set none. Contract §2.5 */
  readonly accessTokenLifetime: number;
  /** No keys: it authenticates with its organisation's enterprise certificate. */
  readonly keys: readonly RegisteredKey[];
  /** The contract's members that no rule here reads, as they go over the wire. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};
