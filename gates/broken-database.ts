import { type Gate, TOLD } from './gate.ts';
import { BACK, befall, type Fault } from './load/befall.ts';
import { GuardedRoute } from './load/guarded-route.ts';
import { postgresStand } from './load/stand.ts';
import { Trial } from './load/trial.ts';
import { onPostgres } from './on-postgres.ts';

/** How long a fault lasts, in milliseconds: longer than anybody waits for the database. */
const FULL = 30_000;
const SHORT = 4_000;

/** The faults of the short form. */
const FIRST = 2;

/** How late an answer of a slow database is, in milliseconds. Security §6 */
const SLOW = 2_000;

const RESTARTED = 1_000;

/** A fault, and how long it lasts where that is not for the form to say. */
type OfDatabase = Fault & { readonly lasts?: number };

const faultsOf = (route: GuardedRoute): readonly OfDatabase[] => {
  const { cluster, proxy } = route;
  return [
    { name: 'gone', serves: false, begin: () => cluster.stop().then(() => () => route.start()) },
    {
      ...{ name: 'restarted', serves: true, lasts: RESTARTED },
      begin: async () => {
        await cluster.stop();
        await route.start();
        return async () => {};
      },
    },
    {
      ...{ name: 'with a stranger’s certificate', serves: false },
      begin: () => route.showAnother(),
    },
    {
      ...{ name: `slow, each answer ${SLOW / 1_000} s late`, serves: true },
      begin: async () => {
        proxy.slow(SLOW);
        return async () => proxy.slow(0);
      },
    },
    {
      ...{ name: 'silent', serves: false },
      begin: async () => {
        proxy.swallow(true);
        return async () => proxy.swallow(false);
      },
    },
    {
      ...{ name: 'only to be read', serves: false },
      begin: async () => {
        await setReadOnly(route, 'on');
        return () => setReadOnly(route, 'off');
      },
    },
    {
      ...{ name: 'without a connection to spare', serves: false },
      begin: async () => {
        await cluster.sql('ALTER ROLE portvakt CONNECTION LIMIT 0');
        await route.disconnect();
        return async () => void (await cluster.sql('ALTER ROLE portvakt CONNECTION LIMIT -1'));
      },
    },
  ];
};

async function setReadOnly({ cluster }: GuardedRoute, value: 'on' | 'off'): Promise<void> {
  await cluster.sql(`ALTER SYSTEM SET default_transaction_read_only = '${value}'`);
  await cluster.sql('SELECT pg_reload_conf()');
}

/** What happens to the PostgreSQL of three nodes under load must cost tokens and nothing else. Security §6, `PV-SEC-118` */
export const brokenDatabase: Gate = onPostgres({
  id: 'G4-postgres',
  title: `3 nodes whose PostgreSQL is gone, restarted, a stranger, slow, silent, read-only, full: as G4, tokens again in ${BACK / 1000} s`,
  run: async ({ isShort, tell }) => {
    const failures: string[] = [];
    const figures: Record<string, string> = {};
    const opened: GuardedRoute[] = [];
    const trial = await Trial.on(
      await postgresStand({
        route: async (cluster, database) => {
          const route = await GuardedRoute.to(cluster, database);
          opened.push(route);
          return route;
        },
      }),
    );
    try {
      const faults = opened.flatMap(faultsOf);
      for (const fault of isShort ? faults.slice(0, FIRST) : faults) {
        tell(fault.name);
        const { told, flaws } = await befall(trial, fault, fault.lasts ?? (isShort ? SHORT : FULL));
        figures[fault.name] = told;
        failures.push(...flaws.map((flaw) => `${fault.name}: ${flaw}`));
      }
    } finally {
      await trial.close();
    }
    return { figures, failures: failures.slice(0, TOLD) };
  },
});
