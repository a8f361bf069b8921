import t from 'tap';
import { fullDisk, locked } from '../../gates/broken-disk.ts';
import { stepClocks } from '../../gates/clock-steps.ts';
import { sendBodies } from '../../gates/fuzz-bodies.ts';
import { kill } from '../../gates/kill-under-load.ts';
import { befall } from '../../gates/load/befall.ts';
import { judgeAudit } from '../../gates/load/store.ts';
import { Trial } from '../../gates/load/trial.ts';
import { race, TIMES } from '../../gates/one-token-each.ts';
import { Connection } from '../../proving/connection.ts';
import { MINUTE } from '../../server/core/time.ts';

const tell = (): void => {};

// What tap puts into every process ends it where a file may not grow, which Node itself does not.
delete process.env.NODE_OPTIONS;

t.test('G1, G3, G4 on one server with two workers', async (t) => {
  const trial = await Trial.open();
  t.teardown(() => trial.close());

  await t.test('G3 of 64 equal assertions at once exactly one gets a token, 20 times', async (t) => {
    const connections = Array.from({ length: TIMES }, () => new Connection(trial.directory.port));
    t.teardown(() => connections.map((connection) => connection.close()));
    const { came, failures } = await race(trial, { rounds: 20, connections, tell });
    t.same(failures, []);
    t.same(
      [...came].sort(([one], [other]) => (one < other ? -1 : 1)),
      [
        ['MP-012', 20 * (TIMES - 1)],
        ['token', 20],
      ],
    );
    t.same(await trial.broken(), []);
  });

  await t.test('G4 PV-SEC-118 nothing but tokens is lost to a store that another process has locked', async (t) => {
    t.same((await befall(trial, locked, LOCKED)).flaws, []);
  });

  await t.test('G4 PV-SEC-118 nothing but tokens is lost to a full disk', async (t) => {
    t.same((await befall(trial, fullDisk(), FULL)).flaws, []);
  });

  await t.test('G1 PV-SEC-116 two kills under load spend no assertion twice, and lose and break nothing', async (t) => {
    const { figures, failures } = await kill(trial, { seed: SEED, from: 0, to: 2, tell, within: 30 });
    t.same(failures, []);
    t.ok(trial.tokens > 0 && trial.changing.acknowledged > 0, JSON.stringify(figures));
    const { records, flaws } = await judgeAudit(trial.directory.database, 1_000_000);
    t.same(flaws, ['the audit does not speak of every token'], `of a million, in ${records} records`);
  });
});

/** How long the faults last, in milliseconds: a lock longer than it is waited for. */
const LOCKED = 2_500;
const FULL = 500;

/** One whose first two kills are of all at once and of a worker. */
const SEED = 4;

t.test(
  'G5 PV-SEC-031 a clock that was ahead shuts nobody out when it is right again, and no assertion is used twice',
  async (t) => {
    const steps = [{ name: 'an hour ahead', by: 60 * MINUTE }];
    const { figures, failures } = await stepClocks({ seed: 1, from: 0, to: 1, tell, steps });
    t.same(failures, [], JSON.stringify(figures));
  },
);

t.test('G9 PV-SEC-083 300 changed bodies crash nothing, get no 5xx, and change nothing of another organisation', async (t) => {
  const { figures, failures } = await sendBodies({ seed: 1, from: 0, to: 300, tell });
  t.same(failures, [], JSON.stringify(figures));
});
