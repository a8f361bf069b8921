import { DAY, MINUTE } from '../server/core/time.ts';
import { chanceOf } from './chance.ts';
import { type Step, Stepping } from './clock-steps/stepping.ts';
import { type Gate, TOLD } from './gate.ts';
import { ofCases } from './of-cases.ts';

/** Rounds, each of them all steps at other moments. */
const FULL = 20;

const STEPS: readonly Step[] = [
  { name: '5 min ahead', by: 5 * MINUTE },
  { name: '5 min back', by: -5 * MINUTE },
  { name: 'a day ahead', by: DAY },
  { name: 'a day back', by: -DAY },
  { name: 'a leap second smeared forwards', by: 1, over: 10 * MINUTE },
  { name: 'a leap second smeared backwards', by: -1, over: 10 * MINUTE },
];

/**
 * Sets the server's clock wrong and right again, while some clients keep the true time and one goes along with the wrong one.
 * Security §6, `PV-SEC-027`, `PV-SEC-031`
 */
export const clockSteps: Gate = ofCases({
  id: 'G5',
  cases: { full: FULL, short: 1 },
  title: 'clock steps of ±5 min and ±1 day, a leap smear: no replay accepted, honest clients served again in 130 s',
  run: ({ seed, from, to, tell }) => stepClocks({ seed, from, to, tell }),
});

type Rounds = {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly tell: (line: string) => void;
  readonly steps?: readonly Step[];
};

/** Runs the steps of these rounds, all of them unless some are named. */
export async function stepClocks({ seed, from, to, tell, steps = STEPS }: Rounds): ReturnType<Gate['run']> {
  const failures: string[] = [];
  const figures: Record<string, string> = {};
  for (let number = from; number < to; number++) {
    for (const [place, step] of steps.entries()) {
      const stepping = await Stepping.open(chanceOf(seed, number * STEPS.length + place));
      try {
        const { told, flaws } = await stepping.run(step);
        figures[step.name] = told;
        failures.push(...flaws.map((flaw) => `round ${number}, ${step.name}: ${flaw}`));
      } finally {
        await stepping.close();
      }
    }
    tell(`round ${number}`);
  }
  return { figures, failures: failures.slice(0, TOLD) };
}
