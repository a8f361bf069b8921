import { LRUCache } from 'lru-cache';
import { isWithin } from '../core/delegation.ts';
import { type CacheUse, createMeasures, type Measures } from '../core/measures.ts';
import type { Storage, TokenRegisters } from '../core/ports.ts';

/** Most entries kept of each register, a few kilobytes each at most. What is not kept costs a look-up, and nothing else. */
export type Kept = Readonly<Record<'clients' | 'organizations' | 'scopes' | 'accesses' | 'delegations', number>>;

const KEPT: Kept = { clients: 5_000, organizations: 10_000, scopes: 2_000, accesses: 20_000, delegations: 20_000 };

/**
 * The registers as the token path reads them: entries are kept until anything registered changes, in whichever process. A request
 * first asks the store for the version that every change raises, so that nothing it reads is older than itself, and in the same look
 * for the replay floor. `PV-SEC-072`, `PV-SEC-073`, performance reference no. 8
 *
 * Requests of one turn of the event loop share the answer: what a turn finds on its sockets was sent before the turn began.
 * @param moved reads anew what else is kept of the registers; the request that sees a change waits for it.
 * @param uses where it is counted how often a copy served.
 * @param kept how much is kept.
 */
export function cachedRegisters(
  storage: Storage,
  moved: () => Promise<void>,
  uses: Measures['caches'] = createMeasures().caches,
  kept: Kept = KEPT,
): () => Promise<TokenRegisters> {
  const clients = new KeptRegister(kept.clients, uses.clients, (id: string) => storage.clients.find(id));
  const organizations = new KeptRegister(kept.organizations, uses.organizations, (orgno: string) =>
    storage.organizations.find(orgno),
  );
  const scopes = new KeptRegister(kept.scopes, uses.scopes, (name: string) => storage.scopes.find(name));
  const accesses = new KeptRegister(kept.accesses, uses.accesses, (scope: string, consumer: string) =>
    storage.accesses.find(scope, consumer),
  );
  const periods = new KeptRegister(
    kept.delegations,
    uses.delegations,
    async (scope: string, consumerOrgno: string, supplierOrgno: string) => {
      const found = await storage.delegations.periods({ scope, consumerOrgno, supplierOrgno });
      return found.length > 0 ? found : undefined;
    },
  );
  const inForce: TokenRegisters['delegations']['inForce'] = async ({ scope, consumerOrgno, supplierOrgno }, now) =>
    isWithin((await periods.find(scope, consumerOrgno, supplierOrgno)) ?? [], now);
  const registers = { clients, organizations, scopes, accesses, delegations: { inForce } };
  let known: number | undefined;
  let inThisTurn: Promise<TokenRegisters> | undefined;
  const current = async (): Promise<TokenRegisters> => {
    const { version, replayFloor } = await storage.standing();
    if (version !== known) {
      await moved();
      for (const register of [clients, organizations, scopes, accesses, periods]) register.forget();
      known = version;
    }
    const isCurrent = async (): Promise<boolean> => {
      const isSo = (await storage.standing()).version === version;
      // Who asks now does so because of it.
      if (!isSo) inThisTurn = undefined;
      return isSo;
    };
    return { ...registers, replayFloor, isCurrent };
  };
  return () => {
    if (inThisTurn) return inThisTurn;
    setImmediate(() => {
      inThisTurn = undefined;
    });
    inThisTurn = current();
    return inThisTurn;
  };
}

/** The entries of one register. What is not there is looked for each time: nobody can fill the memory with names. */
class KeptRegister<Key extends string[], Entry extends object> {
  readonly #find: (...key: Key) => Promise<Entry | undefined>;
  readonly #entries: LRUCache<string, Entry>;
  readonly #use: CacheUse;
  #age = 0;

  constructor(max: number, use: CacheUse, find: (...key: Key) => Promise<Entry | undefined>) {
    this.#find = find;
    this.#use = use;
    this.#entries = new LRUCache({ max });
  }

  readonly find = async (...key: Key): Promise<Entry | undefined> => {
    // No name of a register holds a line feed.
    const name = key.length === 1 ? (key[0] ?? '') : key.join('\n');
    const kept = this.#entries.get(name);
    if (kept === undefined) return this.#look(key, name);
    this.#use.hits++;
    return kept;
  };

  /** What was being looked for meanwhile is of the time before, and not kept. */
  async #look(key: Key, name: string): Promise<Entry | undefined> {
    this.#use.misses++;
    const age = this.#age;
    const entry = await this.#find(...key);
    if (entry && age === this.#age) this.#entries.set(name, entry);
    return entry;
  }

  forget(): void {
    this.#age++;
    this.#entries.clear();
  }
}
