import type { OrganizationNumber } from '../core/organization.ts';
import type { AuditRecord } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';

/** Who changes what is registered, when, and under which correlation id the audit knows it. */
export type Act = {
  readonly caller: { readonly clientId: string; readonly orgno: OrganizationNumber; readonly scopes: readonly string[] };
  readonly now: EpochSeconds;
  readonly correlationId: string;
};

/** What was changed, and its states as the audit keeps them: spelled as on the wire, keys by thumbprint, no secrets. */
export type ChangedObject = { readonly subject: string; readonly before?: object; readonly after?: object };

/**
 * The record of a change, to be appended in the transaction that makes it. The client and organisation that it names are those
 * that acted; what they changed is its `subject`. `PV-SEC-092`, `PV-SEC-109`
 * @param type such as `client.created`.
 */
export function changeRecord(type: string, { subject, before, after }: ChangedObject, act: Act): AuditRecord {
  const { caller, now, correlationId } = act;
  const details = { subject, ...(before && { before }), ...(after && { after }) };
  return { type, at: now, correlationId, clientId: caller.clientId, orgno: caller.orgno, details };
}
