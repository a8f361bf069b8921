import { Fault } from '../core/fault.ts';
import type { Gate } from '../core/limits.ts';

/** Seconds after which one may come again who found no room to wait. */
const RETRY_AFTER = 1;

/** Milliseconds after which one who waits is told to come again: an answer that comes later finds nobody who still listens. */
const PATIENCE = 5_000;

/** Somebody who waits. */
type Waiting = { readonly since: number; readonly take: () => void; readonly giveUp: (fault: Fault) => void };

/** So many places to work in, and so many to wait for one, in the order in which they came, each for a while. `PV-SEC-113` */
export class Places implements Gate {
  #free: number;
  readonly #queue: number;
  readonly #patience: number;
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param patience milliseconds */
  constructor(places: number, queue: number, patience = PATIENCE) {
    this.#free = places;
    this.#queue = queue;
    this.#patience = patience;
  }

  enter(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    if (this.#waiting.length >= this.#queue) return Promise.reject(noPlace());
    this.#timer ??= setTimeout(() => this.#tire(), this.#patience);
    return new Promise((take, giveUp) => this.#waiting.push({ since: performance.now(), take, giveUp }));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (!next) this.#free++;
    else if (this.#waiting.length === 0) this.#rest();
    next?.take();
  }

  /** One timer for all: whoever came first is the first to tire. */
  #tire(): void {
    const now = performance.now();
    while (this.#waiting[0] && now - this.#waiting[0].since >= this.#patience) this.#waiting.shift()?.giveUp(noPlace());
    const [first] = this.#waiting;
    this.#rest();
    if (first) this.#timer = setTimeout(() => this.#tire(), first.since + this.#patience - now);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function noPlace(): Fault {
  return new Fault('PV-402', { retryAfter: RETRY_AFTER });
}

/** What of the places is kept for those who administer, so that they can do something about a crowd at the token endpoint. */
const RESERVE = 0.1;

/** The places of the token endpoint, and the reserve of the API and the look-ups. Health needs none. `PV-SEC-113` */
export function dividePlaces(concurrency: number, queue: number): { readonly tokens: Gate; readonly reserve: Gate } {
  const kept = Math.max(1, Math.ceil(concurrency * RESERVE));
  return { tokens: new Places(Math.max(1, concurrency - kept), queue), reserve: new Places(kept, queue) };
}
