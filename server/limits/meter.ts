import { charged, refunded, secondsToWait } from '../core/limits.ts';

/** Most allowances kept of one kind. */
const CAPACITY = 65_536;

/** How many are looked at for one that can make room. */
const LOOKS = 16;

/**
 * The allowances of clients, organisations or addresses, in a table of fixed size. Who is not in it has a whole one. When it is full, room
 * is made by the one, of a few, that is nearest to being whole: who has used up an allowance is the last to be forgotten, and to be
 * forgotten means to be forgiven, never refused, so that no crowd of addresses can shut out another. `PV-SEC-111`
 */
export class Meter {
  readonly #limit: number;
  readonly #capacity: number;
  readonly #places = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #whole: Float64Array;
  #hand = 0;

  /** @param limit requests a minute. */
  constructor(limit: number, capacity = CAPACITY) {
    this.#limit = limit;
    this.#capacity = capacity;
    this.#whole = new Float64Array(capacity);
  }

  /** How many allowances are kept. */
  get size(): number {
    return this.#places.size;
  }

  /** @returns seconds until one more is admitted; 0 when it is now. */
  secondsToWait(key: string, now: number): number {
    const place = this.#places.get(key);
    return place === undefined ? 0 : secondsToWait(this.#whole[place] as number, now, this.#limit);
  }

  charge(key: string, now: number): void {
    const place = this.#places.get(key) ?? this.#newPlace(key, now);
    this.#whole[place] = charged(this.#whole[place] as number, now, this.#limit);
  }

  /** Takes one charge back; of one that has been forgotten there is nothing to take. */
  refund(key: string): void {
    const place = this.#places.get(key);
    if (place !== undefined) this.#whole[place] = refunded(this.#whole[place] as number, this.#limit);
  }

  #newPlace(key: string, now: number): number {
    const place = this.#keys.length < this.#capacity ? this.#keys.length : this.#roomMadeAt(now);
    const former = this.#keys[place];
    if (former !== undefined) this.#places.delete(former);
    this.#keys[place] = key;
    this.#whole[place] = now;
    this.#places.set(key, place);
    return place;
  }

  #roomMadeAt(now: number): number {
    let best = this.#hand;
    for (let looks = 0; looks < LOOKS; looks++) {
      const place = this.#hand;
      this.#hand = (this.#hand + 1) % this.#capacity;
      if ((this.#whole[place] as number) < (this.#whole[best] as number)) best = place;
      if ((this.#whole[best] as number) <= now) break;
    }
    return best;
  }
}
