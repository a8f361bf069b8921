import { readCompactJws } from './assertion.ts';
import type { PublicJwk } from './client.ts';
import { Fault } from './fault.ts';
import { NORWAY, type OrganizationNumber } from './organization.ts';
import type { Verifier } from './ports.ts';
import { isObject, type JsonValue } from './strict-json.ts';
import type { EpochSeconds } from './time.ts';

/** What this server reads back from a token of its own. */
export type OwnToken = {
  readonly clientId: string;
  readonly consumer: OrganizationNumber;
  /** Whether somebody acts for the consumer. */
  readonly delegated: boolean;
  readonly scopes: readonly string[];
};

/** What is needed to know one's own signature. */
export type OwnTokenRules = {
  readonly issuer: string;
  /** The published keys, each with its `kid`. */
  readonly keys: readonly PublicJwk[];
  readonly verifier: Verifier;
  readonly now: EpochSeconds;
};

/**
 * Reads an access token that this server signed and that has not ended. An assertion, or any other JWT, is none: its header is
 * exactly `kid` and `alg`, and the issuer is ours. Contract §5.1, `PV-SEC-015`
 * @returns undefined for everything else.
 */
export function readOwnToken(token: string, rules: OwnTokenRules): OwnToken | undefined {
  const claims = verifiedClaims(token, rules);
  if (!claims || claims.iss !== rules.issuer || claims.token_type !== 'Bearer') return undefined;
  const { exp, client_id: clientId, scope, consumer, supplier } = claims;
  const organization = isObject(consumer) ? consumer.ID : undefined;
  if (typeof exp !== 'number' || exp <= rules.now) return undefined;
  if (typeof clientId !== 'string' || typeof scope !== 'string' || typeof organization !== 'string') return undefined;
  return { clientId, consumer: canonical(organization), delegated: supplier !== undefined, scopes: scope.split(' ') };
}

function verifiedClaims(token: string, { keys, verifier }: OwnTokenRules): Readonly<Record<string, JsonValue>> | undefined {
  try {
    const { header, payload, signingInput, signature } = readCompactJws(token);
    const key = keys.find(({ kid, alg }) => kid === header.kid && alg === header.alg);
    if (!key || Object.keys(header).length !== 2 || typeof header.alg !== 'string' || typeof key.kid !== 'string')
      return undefined;
    return verifier.verify(header.alg, { jwk: key, thumbprint: key.kid }, signingInput, signature) ? payload : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The inverse of {@link party}. */
function canonical(id: string): OrganizationNumber {
  return id.startsWith(`${NORWAY}:`) ? id.slice(NORWAY.length + 1) : id;
}
