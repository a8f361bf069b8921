import type { JsonWebKey } from 'node:crypto';

/** What a peer serves with; it goes to its processes through the environment, as JSON. */
export type PeerTask = {
  readonly peer: 'oidc-provider' | 'oauth2-mock-server';
  readonly issuer: string;
  readonly port: number;
  readonly workers: number;
  /** Private, RSA-2048, for its tokens: the same in all workers. */
  readonly signingKey: JsonWebKey;
  /** Public, of the one client. */
  readonly clientKey: JsonWebKey;
};

/** The variable that holds it. */
export const TASK = 'PORTVAKT_BENCH_PEER';

/** Name of the one client. */
export const CLIENT_ID = 'benchmark';

export const SCOPE = 'benchmark:read';

/** The API that the tokens are for. RFC 8707 */
export const RESOURCE = 'https://api.example.no/';
