import { Fault } from '../core/fault.ts';
import type { Gate } from '../core/limits.ts';

/** Seconds after which one may come again who found no room to wait. */
const RETRY_AFTER = 1;

/** So many places to work in, and so many to wait for one, in the order in which they came. `PV-SEC-113` */
export class Places implements Gate {
  #free: number;
  readonly #queue: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number, queue: number) {
    this.#free = places;
    this.#queue = queue;
  }

  enter(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    if (this.#waiting.length >= this.#queue) throw new Fault('PV-402', { retryAfter: RETRY_AFTER });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

/** What of the places is kept for those who administer, so that they can do something about a crowd at the token endpoint. */
const RESERVE = 0.1;

/** The places of the token endpoint, and the reserve of the API and the look-ups. Health needs none. `PV-SEC-113` */
export function dividePlaces(concurrency: number, queue: number): { readonly tokens: Gate; readonly reserve: Gate } {
  const kept = Math.max(1, Math.ceil(concurrency * RESERVE));
  return { tokens: new Places(Math.max(1, concurrency - kept), queue), reserve: new Places(kept, queue) };
}
