import type { EpochSeconds } from './time.ts';

/**
 * Who answers for an issuer: for the delegations of scopes that name it, and, where the configuration names the source, for system
 * users and consents. Own API, operator
 */
export type Source = {
  /** Small letters, digits and hyphens; neither `local` nor `off`, which the configuration keeps for itself. */
  readonly name: string;
  /** What scopes call it in `delegation_source`; no two sources share one. */
  readonly issuer: string;
  /** A source that is switched off answers nothing. */
  readonly active: boolean;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
} & (LocalSource | AltinnSource);

/** This server's own register, under another issuer than its own. */
export type LocalSource = { readonly kind: 'local' };

/** A service with Altinn's look-up APIs: Altinn itself, or another Portvakt. Contract §6.3, §7 */
export type AltinnSource = {
  readonly kind: 'altinn';
  /** What the paths of the look-ups are appended to, with or without a final slash. */
  readonly baseUrl: string;
  /** The issuer whose tokens it takes; absent: the base URL, with a final slash. */
  readonly tokenIssuer?: string;
  /** Our client there… */
  readonly clientId: string;
  /** …and the private key that it signs with, by its name in the configuration, never a path. */
  readonly keyName: string;
  /** How long a positive answer is used again, 0 to {@link MAX_CACHE}. `PV-SEC-072` */
  readonly cacheSeconds: number;
  /** How long one question may take, its second try and the token for it included, in milliseconds. */
  readonly timeoutMs: number;
};

/** Longest use of a positive answer, in seconds. `PV-SEC-072` */
export const MAX_CACHE = 60;

/** How long a question may take unless the operator says otherwise, and at most, in milliseconds. */
export const USUAL_TIMEOUT = 2_000;
export const MAX_TIMEOUT = 10_000;

/** Whether the text can name a source. */
export function isSourceName(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,63}$/.test(text) && text !== 'local' && text !== 'off';
}
