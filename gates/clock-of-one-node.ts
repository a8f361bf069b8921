import { closing } from '../proving/closing.ts';
import { PostgresPlaces } from '../proving/postgres-places.ts';
import { DAY, MINUTE } from '../server/core/time.ts';
import { chanceOf } from './chance.ts';
import { WrongClock } from './clock-steps/wrong-clock.ts';
import { type Gate, TOLD } from './gate.ts';
import { ofCases } from './of-cases.ts';
import { onPostgres } from './on-postgres.ts';

/** Rounds, each of them all steps. */
const FULL = 3;

/** How many of the steps the short form takes. */
const FIRST = 2;

const STEPS = [
  { name: 'a day ahead', by: DAY },
  { name: '5 min back', by: -5 * MINUTE },
  { name: '5 min ahead', by: 5 * MINUTE },
  { name: 'a day back', by: -DAY },
  { name: '6 s ahead', by: 6 },
] as const;

/**
 * Sets the clock of one of three nodes wrong and right again, on one PostgreSQL. Security §6, `PV-SEC-028`, `PV-SEC-031`
 */
export const clockOfOneNode: Gate = onPostgres(
  ofCases({
    id: 'G5-postgres',
    cases: { full: FULL, short: 1 },
    title:
      'the clock of one of 3 nodes ±5 min, ±1 day: that one is not ready, no replay accepted, the clients of the others served',
    run: ({ isShort, seed, from, to, tell }) =>
      closing(async (later) => {
        const places = await PostgresPlaces.open();
        later(() => places.cluster.remove());
        const figures: Record<string, string> = {};
        const failures: string[] = [];
        for (let number = from; number < to; number++) {
          for (const [place, { name, by }] of (isShort ? STEPS.slice(0, FIRST) : STEPS).entries()) {
            const wrong = await WrongClock.open(await places.location(), chanceOf(seed, number * STEPS.length + place));
            try {
              const { told, flaws } = await wrong.run(by);
              figures[name] = told;
              failures.push(...flaws.map((flaw) => `round ${number}, ${name}: ${flaw}`));
            } finally {
              await wrong.close();
            }
          }
          tell(`round ${number}`);
        }
        return { figures, failures: failures.slice(0, TOLD) };
      }),
  }),
);
