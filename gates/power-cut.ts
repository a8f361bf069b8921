import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Chance, chanceOf } from './chance.ts';
import { type Gate, TOLD } from './gate.ts';
import { Trial } from './load/trial.ts';
import { ofCases } from './of-cases.ts';
import { canTrace, type Traced, traceOf } from './system-calls.ts';

const FULL = 50;
const SHORT = 3;

/** At many moments nothing is unsynced: so many more are tried at most until something was lost. */
const MORE = 20;

/** Longest load before the cut, in milliseconds, and requests enough for it. */
const LONGEST_LOAD = 1_500;
const REQUESTS = 400;

/**
 * Cuts the power, as far as a program can: all processes are killed, and what they had written and not synced is made garbage, each write by
 * chance. The calls that tell are watched by strace; besides, no answer may be written while its own process has anything unsynced.
 * Security §6, `PV-SEC-117`
 */
export const powerCut: Gate = ofCases({
  id: 'G2',
  cases: { full: FULL, short: SHORT },
  title: `unsynced writes lost × ${FULL}: no answer before its sync, and nothing that was answered is lost`,
  run: async ({ seed, from, to, tell }) => {
    if (!canTrace()) return { figures: {}, failures: ['strace cannot be used here: nothing was shown'] };
    const trial = await Trial.open();
    const found: Found = { syncs: 0, answers: 0, lost: 0, failures: [] };
    try {
      for (let number = from; number < to || (found.lost === 0 && number < to + MORE); number++) {
        await cut(trial, chanceOf(seed, number), found);
        found.failures.push(...(await trial.broken()).map((flaw) => `cut ${number}: ${flaw}`));
        if ((number + 1) % 10 === 0) tell(`${number + 1} cuts`);
      }
    } finally {
      await trial.close();
    }
    const { syncs, answers, lost, failures } = found;
    if (syncs === 0 || answers === 0 || lost === 0) failures.push('nothing was seen of syncs, answers or lost writes');
    return {
      figures: { syncs, 'answers with 200 watched': answers, 'unsynced writes lost': lost, failures: failures.length },
      failures: failures.slice(0, TOLD),
    };
  },
});

type Found = { syncs: number; answers: number; lost: number; readonly failures: string[] };

async function cut(trial: Trial, next: Chance, found: Found): Promise<void> {
  const requests = await trial.sign(REQUESTS);
  const file = `${trial.directory.database}.trace`;
  const tracer = await traceWorkers(trial.server.workers(), file);
  const traced = once(tracer, 'exit');
  await trial.loadWhile(requests, async () => {
    await pause(LONGEST_LOAD / 3 + next(LONGEST_LOAD));
    await trial.server.kill('all');
  });
  await traced;
  const trace = traceOf(readFileSync(file, 'latin1'), trial.directory.database);
  found.syncs += trace.syncs;
  found.answers += trace.answers;
  if (trace.early > 0) found.failures.push(`${trace.early} answers were written before what they rest on was synced`);
  found.lost += lose(trace, next);
  await trial.serveAgain();
}

/** Every second unsynced write never reached the disk whole. @returns how many */
function lose({ unsynced }: Traced, next: Chance): number {
  let lost = 0;
  for (const { path, offset, length } of unsynced) {
    if (next(2) === 0) continue;
    const descriptor = openSync(path, 'r+');
    writeSync(descriptor, Buffer.from(Array.from({ length }, () => next(256))), 0, length, offset);
    closeSync(descriptor);
    lost++;
  }
  return lost;
}

const CALLS = 'pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg';

/** Watches the calls of these processes until they end. */
async function traceWorkers(workers: readonly number[], file: string): Promise<ChildProcess> {
  const processes = workers.flatMap((pid) => ['-p', `${pid}`]);
  const tracer = spawn('strace', ['-f', '-y', '-s', '16', '-e', `trace=${CALLS}`, '-o', file, ...processes], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // It says of each process that it is attached.
  let attached = '';
  tracer.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    attached += chunk;
  });
  while (!workers.every((pid) => attached.includes(`Process ${pid} attached`))) {
    if (tracer.exitCode !== null) throw new Error(`strace ended: ${attached}`);
    await pause(10);
  }
  return tracer;
}
