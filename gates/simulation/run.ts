import { isDeepStrictEqual } from 'node:util';
import { type Expected, Model } from './model/model.ts';
import type { Schedule } from './schedule.ts';
import type { Changing, Request, Step } from './step.ts';
import { type Arena, type Observed, System } from './system/system.ts';
import type { Mutant } from './system/worker.ts';
import { Witness } from './witness.ts';
import { BEGINNING } from './world.ts';

/** Where the system and the model part. */
export type Divergence = {
  /** Place of the step; the number of steps for what is compared at the end. */
  readonly place: number;
  /** What the model allows: one of these. */
  readonly expected: readonly unknown[];
  readonly observed: unknown;
};

/** How much of what was asked for came to what: a simulation in which everything is refused shows little. */
export type Figures = { requests: number; tokens: number; changes: number; crashes: number };

/** Where a schedule is run, on which system, and where its figures are added up. */
export type Setting = { readonly arena: Arena; readonly mutant?: Mutant; readonly figures?: Figures };

/** Runs a schedule on the system and on the model. @returns where they part first, or nothing */
export async function run(schedule: Schedule, { arena, mutant = {}, figures }: Setting): Promise<Divergence | undefined> {
  const system = await System.begin(schedule.world, { file: arena.take(), at: BEGINNING, mutant });
  try {
    const comparison = new Comparison(schedule, system, figures);
    for (const [place, step] of schedule.steps.entries()) {
      const divergence = await comparison.take(step);
      if (divergence) return { place, ...divergence };
    }
    const divergence = await comparison.end();
    return divergence && { place: schedule.steps.length, ...divergence };
  } finally {
    await system.close();
    arena.giveBack();
  }
}

type Parting = Omit<Divergence, 'place'>;

class Comparison {
  readonly #system: System;
  readonly #witness: Witness;
  readonly #figures: Figures | undefined;
  #model: Model;

  constructor({ world }: Schedule, system: System, figures: Figures | undefined) {
    this.#system = system;
    this.#model = new Model(world);
    this.#witness = new Witness(world);
    this.#figures = figures;
  }

  async take(step: Step): Promise<Parting | undefined> {
    this.#system.pass(step.at);
    switch (step.kind) {
      case 'clock':
        return void this.#system.setClock(step.ahead);
      case 'restart':
        return void (await this.#system.restart(step.worker));
      case 'housekeeping':
        return void (await this.#system.housekeeping(step.worker));
      case 'outside':
        this.#model.outside(step.outside);
        return void this.#system.hear(step.outside);
      case 'together':
        return this.#compare(step.all);
      default:
        return this.#compare([step]);
    }
  }

  /** What was begun together may have happened in any order, but one after the other: its answers fit one history. */
  async #compare(all: readonly (Request | Changing)[]): Promise<Parting | undefined> {
    const { wall } = this.#system;
    const observed = await this.#system.do(all);
    this.#count(all, observed);
    const seen = observed.map(({ answer, rows }) => ({ answer, rows }));
    const expected: (readonly Expected[])[] = [];
    for (const { order, isForgetful } of historiesOf(all.length)) {
      const model = new Model(this.#model.state, isForgetful);
      const told: Expected[] = [];
      for (const place of order) told[place] = model.do(all[place] as Request | Changing, wall);
      if (!expected.some((other) => isDeepStrictEqual(other, told))) expected.push(told);
      if (!isDeepStrictEqual(seen, told)) continue;
      this.#model = model;
      const claim = this.#witness.object(all, observed);
      return claim === undefined ? undefined : { expected: ['what holds whatever the model says'], observed: claim };
    }
    return { expected, observed: seen };
  }

  /** At the end the figures are those of the model, and the audit is whole. */
  async end(): Promise<Parting | undefined> {
    const [expected, observed] = [this.#model.state.counts, this.#system.counts];
    if (!isDeepStrictEqual(expected, observed))
      return { expected: [Object.fromEntries(expected)], observed: Object.fromEntries(observed) };
    try {
      await this.#system.verifyAudit();
      return undefined;
    } catch (error) {
      return { expected: ['an audit that holds'], observed: String(error) };
    }
  }

  #count(all: readonly (Request | Changing)[], observed: readonly Observed[]): void {
    if (!this.#figures) return;
    this.#figures.requests += all.filter(({ kind }) => kind === 'request').length;
    this.#figures.changes += all.filter(
      ({ kind }, place) => kind === 'change' && 'done' in (observed[place]?.answer ?? {}),
    ).length;
    this.#figures.tokens += observed.filter(({ answer }) => 'token' in answer).length;
    this.#figures.crashes += observed.filter(({ answer }) => 'lost' in answer).length;
  }
}

/** What may have happened: any order, and spent assertions that were over forgotten or not. */
function historiesOf(size: number): readonly { readonly order: readonly number[]; readonly isForgetful: boolean }[] {
  return [false, true].flatMap((isForgetful) => ordersOf(size).map((order) => ({ order, isForgetful })));
}

/** Every order of so many things. */
function ordersOf(size: number): readonly (readonly number[])[] {
  if (size === 1) return [[0]];
  return ordersOf(size - 1).flatMap((order) => Array.from({ length: size }, (_, place) => order.toSpliced(place, 0, size - 1)));
}
