import t from 'tap';
import { memory, told } from '../../gates/simulation/gate.ts';
import { run } from '../../gates/simulation/run.ts';
import { scheduleOf } from '../../gates/simulation/schedule.ts';
import { type Found, shrink } from '../../gates/simulation/shrink.ts';
import { Arena } from '../../gates/simulation/system/system.ts';
import type { Mutant } from '../../gates/simulation/system/worker.ts';
import { BEGINNING } from '../../gates/simulation/world.ts';
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

t.test('PV-SEC-072 a request beside a change is judged on one state of the registers, not on half of each', async (t) => {
  const { world } = scheduleOf(SEED, 16_674);
  const [consumer, supplier, consent] = ['310004111', '310005487', '00000000-0000-4000-a000-000000000000'];
  const details = { type: 'urn:altinn:consent', id: consent, from: 'urn:altinn:organization:identifier-no:310006858' };
  const delegate = { what: 'delegate', id: consent, by: consumer, supplier, scopes: ['prove:delegated'] } as const;
  const claims = {
    ...{ iss: 'sealed', aud: 'https://token.example.no/', scope: 'prove:delegated', consumer_org: consumer },
    ...{ iat: BEGINNING + 933, exp: BEGINNING + 963, authorization_details: [details, details] },
  };
  const grant = { header: { alg: 'RS256', x5c: ['ZW50ZXJwcmlzZQ=='] }, signedBy: 'k-enterprise', claims } as const;
  const disable = { what: 'set organization', active: false, orgno: supplier } as const;
  const steps = [
    { at: BEGINNING, kind: 'change', worker: 1, change: delegate },
    {
      at: BEGINNING + 939,
      kind: 'together',
      all: [
        { kind: 'request', worker: 0, grant, slow: 0 },
        { kind: 'change', worker: 0, change: disable, slow: 0 },
      ],
    },
  ] as const;
  t.equal(await run({ world, steps }, { arena }), undefined);
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
