import { type Chance, chanceOf, pick } from '../chance.ts';
import { grantOf, type Sender } from './grants.ts';
import { changeOf, outsideOf } from './happenings.ts';
import type { Change, Changing, PortFault, Request, Step } from './step.ts';
import { WORKERS } from './system/system.ts';
import { BEGINNING, type World, worldOf } from './world.ts';

/** A world and what happens in it. */
export type Schedule = { readonly world: World; readonly steps: readonly Step[] };

/** Steps of one schedule, besides those that furnish it. */
const STEPS = 26;

/** The schedule of a seed: always the same. */
export function scheduleOf(seed: number, number: number): Schedule {
  const next = chanceOf(seed, number);
  const world = worldOf(next);
  return { world, steps: new Scheduler(world, next).steps() };
}

/**
 * How far the wall clock may stand ahead of the time in one schedule: at most five minutes from one position to another, or a day ahead of
 * a clock that is right within a minute. The bound is the server's own: what is spent is removed by the wall clock, at the earliest six
 * minutes behind its end (`ClockWatch.surelyPast` and the margin of `PV-SEC-031`), and of a clock that is set back further than that the
 * model knows nothing: what the server says then (PV-134) has tests of its own.
 */
const POSITIONS: readonly (readonly number[])[] = [[0], [0, 60, -60, 86_400], [0, 300], [0, -300], [0, 0.4, -0.4, 3]];

/** Where clients no longer share the server's idea of the time, and sign by their own. */
const BEYOND_BELIEF = 3_600;

class Scheduler {
  readonly #world: World;
  readonly #next: Chance;
  readonly #positions: readonly number[];
  readonly #sent: Request['grant'][] = [];
  readonly #delegations: string[] = [];
  #at = BEGINNING;
  #ahead = 0;

  constructor(world: World, next: Chance) {
    this.#world = world;
    this.#next = next;
    this.#positions = pick(POSITIONS, next);
  }

  steps(): readonly Step[] {
    const furnishing = Array.from({ length: 8 }, () => this.#furnish());
    return [...furnishing, ...Array.from({ length: STEPS }, () => this.#step())];
  }

  /** So that there is something to lose. */
  #furnish(): Step {
    if (this.#next(2) === 0) return { at: this.#at, kind: 'outside', outside: outsideOf(this.#next) };
    return { at: this.#at, ...this.#changing({ isGiving: true }) };
  }

  #step(): Step {
    this.#at += pick([0, 0, 0, 0.3, 1, 1, 4, 4, 20, 20, 61, 130, 700], this.#next);
    const at = this.#at;
    const kind = this.#next(100);
    if (kind < 10 && this.#sent.length > 0) return this.#replayAtTheEnd();
    if (kind < 55) return { at, ...this.#request() };
    if (kind < 77) return { at, ...this.#changing({ isGiving: false }) };
    if (kind < 87) return { at, kind: 'together', all: this.#together() };
    if (kind < 91) return { at, ...this.#setClock() };
    if (kind < 92) return { at, kind: 'restart', worker: this.#next(WORKERS) };
    if (kind < 96) return { at, kind: 'housekeeping', worker: this.#next(WORKERS) };
    return { at, kind: 'outside', outside: outsideOf(this.#next) };
  }

  /** Sends again what was sent, in its last second or the first one after it, as far as that still lies ahead. */
  #replayAtTheEnd(): Step {
    const grant = pick(this.#sent.slice(-3), this.#next);
    const end = Math.trunc(Number(grant.claims.exp)) - this.#ahead - this.#next(2);
    if (end > this.#at && end < this.#at + 200) this.#at = end;
    return { at: this.#at, kind: 'request', worker: this.#next(WORKERS), grant };
  }

  #setClock(): { readonly kind: 'clock'; readonly ahead: number } {
    this.#ahead = pick(this.#positions, this.#next);
    return { kind: 'clock', ahead: this.#ahead };
  }

  #request(): Request {
    const grant =
      this.#sent.length > 0 && this.#next(6) === 0 ? pick(this.#sent.slice(-6), this.#next) : grantOf(this.#sender(), this.#next);
    this.#sent.push(grant);
    const fault = this.#fault(['version', 'spend', 'spend', 'append', 'sign']);
    const mood = this.#next(5) > 0 ? undefined : pick(['down', 'lying', 'garbled'] as const, this.#next);
    return { kind: 'request', worker: this.#next(WORKERS), grant, ...(fault && { fault }), ...(mood && { mood }) };
  }

  #sender(): Sender {
    const now = Math.floor(this.#at + (this.#ahead > BEYOND_BELIEF ? 0 : this.#ahead));
    return { world: this.#world, now, serial: this.#sent.length };
  }

  #changing({ isGiving }: { readonly isGiving: boolean }): Changing {
    const now = Math.floor(this.#at + this.#ahead);
    const change: Change = changeOf({ now, isGiving, delegations: this.#delegations }, this.#next);
    const fault = isGiving ? undefined : this.#fault(['transaction', 'audit']);
    return { kind: 'change', worker: this.#next(WORKERS), change, ...(fault && { fault }) };
  }

  #fault(ports: readonly PortFault['port'][]): PortFault | undefined {
    if (this.#next(8) > 0) return undefined;
    return {
      port: pick(ports, this.#next),
      when: pick(['before', 'after'] as const, this.#next),
      how: pick(['unavailable', 'crash'] as const, this.#next),
    };
  }

  /** One assertion sent several times at once, two that differ, or a request beside a change. */
  #together(): readonly (Request | Changing)[] {
    const calm = <Each extends Request | Changing>({ fault: _, ...each }: Each) => ({ ...each, slow: this.#next(4) }) as Each;
    const first = calm(this.#request());
    const again = () => ({ ...first, worker: this.#next(WORKERS), slow: this.#next(4) });
    const kind = this.#next(4);
    if (kind === 0) return [first, again(), again()];
    if (kind === 1) return [first, calm(this.#request())];
    if (kind === 2) return [first, again(), calm(this.#changing({ isGiving: false }))];
    return [first, calm(this.#changing({ isGiving: false }))];
  }
}
