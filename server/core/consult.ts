import { sourceConfirmsDelegation } from './acting.ts';
import type { Authorization } from './authorize.ts';
import { type Check, stopAtFirst } from './checks.ts';
import type { Grant } from './grant.ts';

/**
 * The checks that somebody else has to be asked for. They run once the assertion is spent, so that a replay costs nobody a
 * question, and pass at once where nobody else answers. An explanation leaves them out. Contract §1.5 no. 21 and 22
 */
export const consultation: readonly Check[] = [
  { id: 'delegation_asked', title: 'the delegation source confirms it', check: sourceConfirmsDelegation },
  { id: 'details_asked', title: 'the source of system users or consents knows of one', check: detailsAreConfirmed },
];

/** Asks whoever the authorization still hangs on. @throws {Fault} MP-251, MP-303, PV-501 */
export async function consult(grant: Grant, authorization: Authorization): Promise<Authorization> {
  await stopAtFirst(consultation, grant);
  const details = await grant.grantedDetails();
  return { ...authorization, ...(details && { details }), asks: [] };
}

async function detailsAreConfirmed(grant: Grant): Promise<void> {
  if ((await grant.detailsAuthority())?.remote) await grant.grantedDetails();
}
