import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Gate, type Outcome, TOLD } from '../gate.ts';
import { type AskedCases, ofCases } from '../of-cases.ts';
import { type Figures, run } from './run.ts';
import { scheduleOf } from './schedule.ts';
import { type Found, shrink } from './shrink.ts';
import { Arena } from './system/system.ts';
import { BEGINNING } from './world.ts';

/** Schedules of the two forms. */
const SCHEDULES = { full: 100_000, short: 600 } as const;

/** The rules against a model of them. Security reference §6, G13 */
export const simulation: Gate = ofCases({
  id: 'G13',
  cases: SCHEDULES,
  title: 'a simulation of the rules: requests, changes, faults and clocks by chance, on workers over one store and on a model',
  run: simulate,
});

async function simulate({ seed, from, to, tell }: AskedCases): Promise<Outcome> {
  const arena = await Arena.open(memory());
  const figures: Figures = { requests: 0, tokens: 0, changes: 0, crashes: 0 };
  const failures: string[] = [];
  let number = from;
  try {
    for (; number < to && failures.length < TOLD; number++) {
      const schedule = scheduleOf(seed, number);
      const divergence = await run(schedule, { arena, figures });
      if (divergence) failures.push(told(await shrink({ schedule, divergence }, { arena }), { seed, number }));
      if (number % 250 === 249) tell(`${number + 1} schedules, ${failures.length} divergences`);
    }
  } finally {
    arena.close();
  }
  return { figures: { schedules: number - from, ...figures, divergences: failures.length }, failures };
}

/** A store in memory where the system has such a place: the disk is not what is simulated. */
export function memory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** The seed with which it comes again, what is left of the schedule, and both answers. */
export function told(
  { schedule, divergence }: Found,
  { seed, number }: { readonly seed: number; readonly number: number },
): string {
  const steps = schedule.steps.map(({ at, ...step }) => `  +${at - BEGINNING} s  ${JSON.stringify(step)}`);
  const expected = divergence.expected.map((each) => JSON.stringify(each));
  return [
    `schedule ${number} of seed ${seed} diverges: npm run gates -- G13 --seed ${seed} --from ${number}`,
    `  settings  ${JSON.stringify(schedule.world.settings)}, details ${schedule.world.details}`,
    ...steps,
    `  expected  ${expected.join('\n         or ')}`,
    `  observed  ${JSON.stringify(divergence.observed)}`,
  ].join('\n    ');
}
