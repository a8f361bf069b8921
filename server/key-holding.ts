import { hostname } from 'node:os';
import type { Keystore } from '../keys/keystore.ts';
import { isApart } from './clock.ts';
import type { Log } from './core/ports.ts';

type Holding = {
  readonly keystore: Pick<Keystore, 'place' | 'held'>;
  /** Tells the nodes of one host apart. */
  readonly dataDir: string;
  /** What no other process is called. */
  readonly process: string;
  readonly log: Log;
};

/**
 * Says in the store, from before the first request to the last, which signing keys this process could sign with, so that none signs
 * before all processes can. `PV-SEC-099`
 */
export class KeyHolding {
  readonly #holding: Holding;
  readonly #node: string;

  private constructor(holding: Holding) {
    this.#holding = holding;
    this.#node = `${hostname()}:${holding.dataDir}`;
  }

  /** @throws {StoreUnavailable} */
  static async begin(holding: Holding): Promise<KeyHolding> {
    const begun = new KeyHolding(holding);
    await begun.tell();
    return begun;
  }

  /**
   * Says it anew. While the store's clock tells another time nothing is said: such a process is not ready.
   * @returns whether it was said. @throws {StoreUnavailable}
   */
  async tell(): Promise<boolean> {
    const { keystore, process } = this.#holding;
    const { storage, clock } = keystore.place;
    if (await isApart(clock, storage.ready)) return false;
    const kids = await keystore.held();
    await storage.keyHolders.put({ process, node: this.#node, at: Math.floor(clock.now()), kids });
    return true;
  }

  /** Takes it back. Where it cannot be, it ends by itself some minutes later. */
  async end(): Promise<void> {
    const { keystore, process, log } = this.#holding;
    await keystore.place.storage.keyHolders.remove(process).catch((error: unknown) => {
      log.warn('it could not be said that this process holds no signing keys any more', { error: String(error) });
    });
  }
}
