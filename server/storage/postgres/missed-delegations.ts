import type { MissedDelegation, MissedDelegations } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The counters of delegations that were asked for in vain. In the order of their names, so that nodes that count at once wait in line. */
export function missedDelegations(connection: Connection): MissedDelegations {
  const listOfSupplier = connection.statement<[supplier: string], MissedDelegation>(`
    SELECT supplier_orgno AS "supplierOrgno", consumer_orgno AS "consumerOrgno", scope, times, last_asked AS "lastAsked"
    FROM missed_delegations WHERE supplier_orgno = $1 ORDER BY consumer_orgno, scope`);
  const count = connection.statement<[string[], string[], string[], number[], number[]]>(`
    INSERT INTO missed_delegations (supplier_orgno, consumer_orgno, scope, times, last_asked)
    SELECT supplier, consumer, scope, sum(times), max(asked)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS counted (supplier, consumer, scope, times, asked)
    GROUP BY supplier, consumer, scope ORDER BY supplier, consumer, scope
    ON CONFLICT (supplier_orgno, consumer_orgno, scope) DO UPDATE SET
      times = missed_delegations.times + excluded.times, last_asked = GREATEST(missed_delegations.last_asked, excluded.last_asked)`);
  return {
    add: async (missed) => {
      if (missed.length === 0) return;
      await count.run(
        missed.map(({ supplierOrgno }) => supplierOrgno),
        missed.map(({ consumerOrgno }) => consumerOrgno),
        missed.map(({ scope }) => scope),
        missed.map(({ times }) => times),
        missed.map(({ lastAsked }) => lastAsked),
      );
    },
    listOfSupplier: (supplier) => listOfSupplier.all(supplier),
  };
}
