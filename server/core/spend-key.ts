import type { Grant } from './grant.ts';
import type { SpendKey } from './ports.ts';

/** What makes two assertions the same. `PV-SEC-032`, `PV-SEC-033` */
export function spendKey(grant: Grant): SpendKey {
  const { iss: clientId, jti } = grant.claims();
  return jti !== undefined ? { clientId, jti } : { clientId, signingInput: grant.jws().signingInput };
}
