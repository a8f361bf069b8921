import { type Authorities, asking } from '../core/authorities.ts';
import type { FaultCode } from '../core/catalogue.ts';
import type { DelegatedScope } from '../core/delegation.ts';
import { Fault } from '../core/fault.ts';
import type { Registers } from '../core/ports.ts';
import type { Access, Scope } from '../core/scope.ts';
import type { EpochSeconds } from '../core/time.ts';
import { isVisibleScope } from './accesses.ts';
import type { Act } from './act.ts';

/** Whether a supplier would get a token in a consumer's name; if not, with what the token endpoint would refuse it. */
export type DelegationAnswer = { readonly code?: FaultCode; readonly reason: string };

/** Where the answer is looked for, and when. */
export type DelegationWitnesses = {
  readonly registers: Registers;
  readonly authorities: Authorities;
  readonly now: EpochSeconds;
};

/**
 * Judges as a token request does, for the three whom it concerns: consumer, supplier and the scope's owner. A scope that the caller
 * cannot see, and that has not been delegated, is as one that is not there. Own API, delegations; contract §6.2
 * @throws {Fault} PV-604 for anybody else, PV-501 when a source elsewhere does not answer
 */
export async function checkDelegation(
  witnesses: DelegationWitnesses,
  asked: DelegatedScope,
  { orgno }: Act['caller'],
): Promise<DelegationAnswer> {
  const { scopes, accesses } = witnesses.registers;
  const scope = await scopes.find(asked.scope);
  if (![asked.consumerOrgno, asked.supplierOrgno, scope?.ownerOrgno].includes(orgno)) throw new Fault('PV-604');
  if (asked.consumerOrgno === asked.supplierOrgno) return refusal('PV-252', asked);
  if (!scope?.active) return refusal('MP-200', asked);
  const code = await refused(scope, asked, witnesses);
  if (code === undefined) return { reason: `${asked.consumerOrgno} has delegated ${asked.scope} to ${asked.supplierOrgno}` };
  const isVisible = isVisibleScope(scope, orgno, await accesses.find(scope.name, orgno));
  return refusal(isVisible ? code : 'MP-200', asked);
}

/** The order of contract §6.2: access before delegation. */
async function refused(
  scope: Scope,
  asked: DelegatedScope,
  { registers, authorities, now }: DelegationWitnesses,
): Promise<'MP-250' | 'MP-251' | undefined> {
  const { organizations, accesses } = registers;
  const [consumer, supplier] = await Promise.all([
    organizations.find(asked.consumerOrgno),
    organizations.find(asked.supplierOrgno),
  ]);
  const access: Access | undefined = await accesses.find(scope.name, asked.consumerOrgno);
  if (!scope.accessibleForAll && !(consumer?.active && access?.state === 'APPROVED')) return 'MP-250';
  if (scope.delegationSource === undefined || !consumer?.active || !supplier?.active) return 'MP-251';
  const source = await authorities.delegations(scope.delegationSource);
  return source && (await asking(source, source.isDelegated(asked, { now }))) ? undefined : 'MP-251';
}

/** In the words of the token endpoint. */
function refusal(code: FaultCode, { scope, consumerOrgno: consumer, supplierOrgno: supplier }: DelegatedScope): DelegationAnswer {
  return { code, reason: new Fault(code, { say: { scopes: `, ${scope}`, scope, consumer, supplier } }).message };
}
