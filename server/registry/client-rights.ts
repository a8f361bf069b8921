import type { AdminScope } from '../core/admin-scopes.ts';
import type { Client } from '../core/client.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Registers } from '../core/ports.ts';
import type { Act } from './act.ts';

/** Whose a client is. */
export type Ownership = Pick<Client, 'orgno' | 'supplierOrgno'>;

/**
 * The client, if the caller's organisation may see it: its own, also one that a supplier made for it, and one that it made for a
 * customer. One that the operator has blocked behaves as not existing. Contract §5.6, `PV-SEC-083`
 * @throws {Fault} PV-604
 */
export async function visibleClient(registers: Registers, clientId: string, caller: Act['caller']): Promise<Client> {
  const client = await registers.clients.find(clientId);
  if (!client || !isVisible(client, caller.orgno)) throw new Fault('PV-604');
  return client;
}

/**
 * The client, if the caller may change it. What a supplier made is changed by the supplier alone: whoever could put a key on it
 * would be issued tokens in the supplier's name. For such clients `idporten:dcr.supplier` is as good as the scopes for one's own.
 * @param accepted any of these lets the caller change a client of its own organisation.
 * @throws {Fault} PV-604, PV-643 to the customer, PV-641 without the scope
 */
export async function changeableClient(
  registers: Registers,
  clientId: string,
  { caller, accepted }: { readonly caller: Act['caller']; readonly accepted: readonly AdminScope[] },
): Promise<Client> {
  const client = await visibleClient(registers, clientId, caller);
  const { orgno, supplierOrgno } = client;
  if ((supplierOrgno ?? orgno) !== caller.orgno) throw new Fault('PV-643', { detail: "a supplier's client" });
  assertHolds(caller, supplierOrgno === undefined ? accepted : [...accepted, 'idporten:dcr.supplier']);
  return client;
}

/** The clients that the organisation may see, those that are inactive only when they are wanted. Contract §5.2.1 */
export async function visibleClients(
  registers: Registers,
  { orgno }: Act['caller'],
  { inactive }: { readonly inactive: boolean },
): Promise<Client[]> {
  const clients = await registers.clients.listOf(orgno);
  return clients.filter((client) => isVisible(client, orgno) && (client.active || inactive));
}

/**
 * Whose a new client shall be: the caller's own, or a customer's, when the caller is its supplier. Contract §5.6
 * @throws {Fault} PV-643 for another organisation without `idporten:dcr.supplier`, PV-641 for the own without `idporten:dcr.write`
 */
export function ownership({ orgno, supplierOrgno }: Partial<Ownership>, caller: Act['caller']): Ownership {
  if (orgno === undefined || orgno === caller.orgno) {
    assertHolds(caller, ['idporten:dcr.write']);
    if (supplierOrgno !== undefined) throw invalidField('client', 'supplier_orgno', 'must be left out on the own client');
    return { orgno: caller.orgno };
  }
  const isSupplier = caller.scopes.includes('idporten:dcr.supplier') && (supplierOrgno ?? caller.orgno) === caller.orgno;
  if (!isSupplier) throw new Fault('PV-643', { detail: 'a client of another organisation' });
  return { orgno, supplierOrgno: caller.orgno };
}

function isVisible({ orgno, supplierOrgno, blocked }: Client, caller: OrganizationNumber): boolean {
  return blocked === undefined && (orgno === caller || supplierOrgno === caller);
}

function assertHolds({ scopes }: Act['caller'], accepted: readonly AdminScope[]): void {
  if (!accepted.some((scope) => scopes.includes(scope))) throw new Fault('PV-641', { say: { scopes: accepted.join(', ') } });
}
