import t from 'tap';
import { memory, told } from '../../gates/simulation/gate.ts';
import { run } from '../../gates/simulation/run.ts';
import { scheduleOf } from '../../gates/simulation/schedule.ts';
import { type Found, shrink } from '../../gates/simulation/shrink.ts';
import { Arena } from '../../gates/simulation/system/system.ts';
import type { Mutant } from '../../gates/simulation/system/worker.ts';
import { MUTANTS } from './simulation-mutants.ts';

/** Within so many schedules every planted mistake is found. */
const WITHIN = 40;

const SEED = 1;

const arena = await Arena.open(memory());
t.teardown(() => arena.close());

async function firstFound(mutant: Mutant): Promise<(Found & { readonly number: number }) | undefined> {
  for (let number = 0; number < WITHIN; number++) {
    const schedule = scheduleOf(SEED, number);
    const divergence = await run(schedule, { arena, mutant });
    if (divergence) return { schedule, divergence, number };
  }
  return undefined;
}

t.test('G13: the rules, simulated by 20 schedules of one seed, never diverge from the model', async (t) => {
  const figures = { requests: 0, tokens: 0, changes: 0, crashes: 0 };
  for (let number = 0; number < 20; number++) {
    const schedule = scheduleOf(SEED, number);
    const divergence = await run(schedule, { arena, figures });
    t.equal(divergence && told({ schedule, divergence }, { seed: SEED, number }), undefined, `schedule ${number}`);
  }
  t.ok(figures.tokens > 20 && figures.changes > 50 && figures.crashes > 3, JSON.stringify(figures));
});

t.test('a schedule comes again from its seed and number, and from no other', async (t) => {
  t.same(scheduleOf(3, 14), scheduleOf(3, 14));
  t.notSame(scheduleOf(3, 14), scheduleOf(3, 15));
  t.notSame(scheduleOf(3, 14), scheduleOf(4, 14));
});

for (const [mistake, mutant] of Object.entries(MUTANTS)) {
  t.test(`the simulation finds ${mistake} within ${WITHIN} schedules`, async (t) => {
    const found = await firstFound(mutant);
    t.ok(found, `found by schedule ${found?.number}`);
  });
}

t.test('a divergence is told with its seed, both answers and the few steps that it takes', async (t) => {
  const mutant = MUTANTS['one client whose assertions are never spent (PV-SEC-029)'] ?? {};
  const found = await firstFound(mutant);
  if (!found) return t.fail('nothing was found');
  const least = await shrink(found, { arena, mutant });
  t.ok(least.schedule.steps.length <= 3, `${found.schedule.steps.length} steps became ${least.schedule.steps.length}`);
  t.ok(await run(least.schedule, { arena, mutant }), 'it still diverges');
  t.equal(await run(least.schedule, { arena }), undefined, 'by the mistake alone');
  const text = told(least, { seed: SEED, number: found.number });
  t.match(text, `npm run gates -- G13 --seed ${SEED} --from ${found.number}`);
  t.match(text, /expected {2}.*MP-012[\s\S]*observed {2}/);
});
