import { isNorwegianNumber, type OrganizationNumber } from '../../server/core/organization.ts';
import type { Storage } from '../../server/core/ports.ts';
import type { EpochSeconds } from '../../server/core/time.ts';

/** A register of delegations to be made: one scope, many consumers, of whom each has delegated it to the measured supplier too. */
export type DelegationOrder = {
  readonly scope: string;
  readonly supplierOrgno: OrganizationNumber;
  /** Delegations in all. */
  readonly delegations: number;
};

/** Suppliers to whom each consumer delegates. */
const SUPPLIERS = 100;

/** The consumers of an order, the same each time. */
export function consumersOf({ delegations }: Pick<DelegationOrder, 'delegations'>): readonly OrganizationNumber[] {
  const count = Math.ceil(delegations / SUPPLIERS);
  const numbers: OrganizationNumber[] = [];
  for (let number = 900_000_000; numbers.length < count; number++) if (isNorwegianNumber(`${number}`)) numbers.push(`${number}`);
  return numbers;
}

/** Registers the consumers with their access, and what they have delegated. */
export async function installDelegations(storage: Storage, order: DelegationOrder, now: EpochSeconds): Promise<void> {
  const { scope, supplierOrgno, delegations } = order;
  const times = { created: now, lastUpdated: now };
  await storage.transaction(async (changes) => {
    let left = delegations;
    for (const orgno of consumersOf(order)) {
      await changes.organizations.put({ orgno, name: orgno, active: true, adminScopes: [], ...times });
      await changes.accesses.put({ scope, consumerOrgno: orgno, state: 'APPROVED', ...times });
      for (let n = 0; n < SUPPLIERS && left > 0; n++, left--) {
        const supplier = n === 0 ? supplierOrgno : `${200_000_000 + n}`;
        const id = `${orgno}-${n}`;
        await changes.delegations.put({
          id,
          consumerOrgno: orgno,
          supplierOrgno: supplier,
          scopes: [scope],
          revoked: false,
          ...times,
        });
      }
    }
  });
}
