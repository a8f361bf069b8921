import type { Mutant } from '../../gates/simulation/system/worker.ts';
import type { Storage } from '../../server/core/ports.ts';

/** Mistakes that a server could have, each a sentence; every one breaks a promise of the contract or the security reference. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'copies of the registers that are never dropped (PV-SEC-073)': {
    storage: (storage) => ({ ...storage, standing: async () => ({ ...(await storage.standing()), version: 1 }) }),
  },
  'an access that is withdrawn and still lets in (PV-SEC-071)': {
    storage: (storage) => ({
      ...storage,
      accesses: {
        ...storage.accesses,
        find: async (scope, consumer) => {
          const access = await storage.accesses.find(scope, consumer);
          return access && { ...access, state: 'APPROVED' };
        },
      },
    }),
  },
  'a delegation that outlives its period (PV-SEC-072)': {
    storage: (storage) => ({
      ...storage,
      delegations: {
        ...storage.delegations,
        periods: async (asked) => (await storage.delegations.periods(asked)).map(({ validTo: _, ...period }) => period),
      },
    }),
  },
  'one client whose assertions are never spent (PV-SEC-029)': {
    storage: spending((spend, ...[key, expires, verdict]) =>
      key.clientId === 'supplying'
        ? spend({ clientId: verdict.correlationId, jti: 'any' }, expires, verdict)
        : spend(key, expires, verdict),
    ),
  },
  'a jti that burns that of another client (PV-SEC-033)': {
    storage: spending((spend, key, expires, verdict) => spend({ ...key, clientId: 'all' }, expires, verdict)),
  },
  'a spent assertion whose commit nobody waits for (PV-SEC-030)': {
    storage: spending(async (spend, key, expires, verdict) => {
      void spend(key, expires, verdict).catch(() => {});
      return true;
    }),
  },
  'spent assertions that are forgotten before they are over (PV-SEC-031)': {
    storage: (storage) => ({
      ...storage,
      assertions: { ...storage.assertions, prune: (now, limit) => storage.assertions.prune(now + 900, limit) },
    }),
  },
  'exp compared with < (PV-SEC-024)': {
    ports: (ports) => ({ ...ports, settings: { ...ports.settings, expLeeway: ports.settings.expLeeway + 1 } }),
  },
  'a token in the name of somebody else (PV-SEC-072)': {
    ports: (ports) => ({
      ...ports,
      signer: {
        sign: (claims, algorithm) =>
          ports.signer.sign({ ...claims, consumer: (claims as { supplier?: object }).supplier }, algorithm),
      },
    }),
  },
  'a withdrawn access that is acknowledged and rolled back (PV-SEC-092)': {
    storage: (storage) => ({
      ...storage,
      transaction: async (work) => {
        let result: Awaited<ReturnType<typeof work>> | undefined;
        let isWithdrawal = false;
        const rollback = new Error('rolled back');
        await storage
          .transaction(async (changes) => {
            const append = changes.audit.append;
            const noticing = async (record: Parameters<typeof append>[0]) => {
              isWithdrawal = record.type === 'access.withdrawn';
              await append(record);
            };
            result = await work({ ...changes, audit: { append: noticing } });
            if (isWithdrawal) throw rollback;
          })
          .catch((error: unknown) => {
            if (error !== rollback) throw error;
          });
        return result as Awaited<ReturnType<typeof work>>;
      },
    }),
  },
};

type Spend = Storage['assertions']['spend'];

function spending(spend: (real: Spend, ...given: Parameters<Spend>) => Promise<boolean>): NonNullable<Mutant['storage']> {
  return (storage) => ({
    ...storage,
    assertions: { ...storage.assertions, spend: (...given) => spend(storage.assertions.spend, ...given) },
  });
}
