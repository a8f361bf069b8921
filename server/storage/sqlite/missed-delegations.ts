import type { MissedDelegation, MissedDelegations } from '../../core/ports.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

/** The counters of delegations that were asked for in vain. */
export function missedDelegations(reader: Connection, writer: Connection, writes: WriteQueue): MissedDelegations {
  const listOfSupplier = reader.statement<[supplier: string], MissedDelegation>(`
    SELECT supplier_orgno AS supplierOrgno, consumer_orgno AS consumerOrgno, scope, times, last_asked AS lastAsked
    FROM missed_delegations WHERE supplier_orgno = ? ORDER BY consumer_orgno, scope`);
  const count = writer.statement<[MissedDelegation]>(`
    INSERT INTO missed_delegations (supplier_orgno, consumer_orgno, scope, times, last_asked)
    VALUES (@supplierOrgno, @consumerOrgno, @scope, @times, @lastAsked)
    ON CONFLICT (supplier_orgno, consumer_orgno, scope) DO UPDATE SET
      times = times + excluded.times, last_asked = max(last_asked, excluded.last_asked)`);
  const add = writer.change((missed: readonly MissedDelegation[]) => {
    for (const each of missed) count.run(each);
  });
  return {
    add: (missed) => writes.run(() => add(missed)),
    listOfSupplier: async (supplier) => listOfSupplier.all(supplier),
  };
}
