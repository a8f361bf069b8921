import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { closing } from '../proving/closing.ts';
import { onOneSocket, type Waiting } from '../proving/held-socket.ts';
import { worldOfRun } from '../proving/made-world.ts';
import type { ServerProcess } from '../proving/server-process.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { Honest } from './load/honest.ts';
import { integrityFlaws, verifyAudit } from './load/store.ts';
import { HERE, type ProgramBefore, programBefore } from './program-before.ts';

/** The commit whose program stands for the version before: it takes sockets that are handed over, and knows the schema before. */
const EARLIER = '0416c65';

/**
 * What its operator sets for it: of itself it takes connections in its first process, which drops those that no worker has yet when the last
 * one ends. This version needs no such thing. docs/how-to/upgrade-without-a-gap.md
 */
const EARLIER_NEEDS = { NODE_CLUSTER_SCHED_POLICY: 'none' };

/** Milliseconds of load before and after each change of the version, and how often there and back. */
const FULL = { around: 5_000, times: 3 };
const SHORT = { around: 1_000, times: 1 };

/** One version follows another on one socket and one store, and back, under load. Security §6, `PV-SEC-122` */
export const rollingUpgrade: Gate = {
  id: 'G7',
  title: `from ${EARLIER.slice(0, 7)} to this version and back, on one socket and one store: no failed honest request`,
  run: ({ isShort, tell }) =>
    closing(async (later) => {
      const before = await programBefore(EARLIER);
      later(() => before.remove());
      return upgrade({ before, ...(isShort ? SHORT : FULL), tell }, later);
    }),
};

type Upgrade = {
  readonly before: ProgramBefore;
  readonly around: number;
  readonly times: number;
  readonly tell: (line: string) => void;
};

async function upgrade({ before, around, times, tell }: Upgrade, later: (close: () => Promise<void>) => void): Promise<Outcome> {
  const { clients } = await worldOfRun();
  const directory = await before.makeDataDirectory();
  later(() => directory.remove());
  const programOn = (folder: string) => ({
    args: [join(folder, 'cli/bin.js'), 'serve', '--config', directory.config],
    env: { PORTVAKT_WORKERS: '2', ...(folder !== HERE && EARLIER_NEEDS) },
  });
  const order = [before.folder, ...Array.from({ length: times }, () => [HERE, before.folder]).flat()];
  const waiting = await onOneSocket(directory.port, order.map(programOn));
  later(async () => {
    for (const one of waiting) one.forget();
  });
  const honest = new Honest(directory, clients);
  later(() => honest.close());
  const [first, ...others] = waiting as [Waiting, ...Waiting[]];
  let serving: ServerProcess = await first.start();
  later(() => serving.stop());
  await honest.begin();
  for (const [place, next] of others.entries()) {
    await pause(around);
    const following = await next.start();
    await pause(around);
    const leaving = serving;
    serving = following;
    await leaving.stop();
    tell(place % 2 === 0 ? 'upgraded' : 'taken back');
  }
  await pause(around);
  const { tokens, failures } = await honest.end();
  const { records } = await verifyAudit(directory.database);
  return {
    figures: { 'changes of the version': others.length, tokens, 'failed requests': failures.length, 'audit records': records },
    failures: [...failures, ...integrityFlaws(directory.database)].slice(0, TOLD),
  };
}
