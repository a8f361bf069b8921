import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '../proving/connection.ts';
import { killProcess } from '../proving/process-tree.ts';
import { chanceOf, pick } from './chance.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { accessToken, apiRequest } from './load/api-request.ts';
import { compareCounters } from './load/counted.ts';
import { REPLAYED } from './load/spending.ts';
import { Trial } from './load/trial.ts';
import { ofCases } from './of-cases.ts';

const FULL = 20;
const SHORT = 3;

/** Longest load before the kill, in milliseconds, requests enough for it, and the time in which there are tokens again. */
const LONGEST_LOAD = 1_500;
const REQUESTS = 600;
const READY = 30_000;

const VICTIMS = ['worker', 'first', 'all'] as const;

/** Kills the server while it counts, and counts anew by the audit. Own API, statistics */
export const countersUnderKills: Gate = ofCases({
  id: 'G16',
  cases: { full: FULL, short: SHORT },
  title: `kill -9 × ${FULL} under load, while tokens are counted: the counters are equal to the audit, each time`,
  run: async ({ seed, from, to, tell }) => {
    const trial = await Trial.open();
    try {
      return await countAfterKills(trial, { seed, from, to, tell });
    } finally {
      await trial.close();
    }
  },
});

type Kills = { readonly seed: number; readonly from: number; readonly to: number; readonly tell: (line: string) => void };

/** Kills it once for each number, and compares each time. */
export async function countAfterKills(trial: Trial, { seed, from, to, tell }: Kills): Promise<Outcome> {
  const failures: string[] = [];
  let [counted, asked] = [0, 0];
  for (let number = from; number < to; number++) {
    asked += await killOnce(trial, chanceOf(seed, number));
    failures.push(...(await trial.broken()).map((flaw) => `kill ${number}: ${flaw}`));
    const compared = await compareCounters(trial.directory.database);
    counted = compared.counted;
    failures.push(...compared.flaws.map((flaw) => `kill ${number}: ${flaw}`));
    tell(`${number + 1} kills, ${counted} counted`);
  }
  if (asked === 0) failures.push('the figures were never to be had under load: nothing was shown of counting');
  return {
    figures: {
      kills: to - from,
      'tokens and refusals in the audit': counted,
      'tokens got under load': trial.tokens,
      'replays refused under load': trial.spending.came.get(REPLAYED) ?? 0,
      'times the figures were asked for under load': asked,
      failures: failures.length,
    },
    failures: failures.slice(0, TOLD),
  };
}

/** Asks for tokens, some a second time, and for the figures, which counts, until it is killed. @returns how often the figures came */
async function killOnce(trial: Trial, next: ReturnType<typeof chanceOf>): Promise<number> {
  const requests = await trial.sign(REQUESTS);
  const token = await accessToken(trial.directory, { ...trial.client('demo-operator'), scope: 'portvakt:statistics.read' });
  const counting = { isOver: false };
  const victim = pick(VICTIMS, next);
  const twice = requests.flatMap((request, place) => (place % 5 === 0 ? [request, request] : [request]));
  const [, asked] = await trial.loadWhile(twice, () =>
    Promise.all([
      (async () => {
        await pause(next(LONGEST_LOAD));
        const workers = trial.server.workers();
        if (victim === 'worker') killProcess(pick(workers, next));
        else await trial.server.kill(victim);
        counting.isOver = true;
      })(),
      askForFigures(trial, token, () => !counting.isOver),
    ]),
  );
  if (victim !== 'worker') await trial.serveAgain();
  await trial.timeToToken(READY);
  return asked;
}

async function askForFigures({ issuer, directory: { port } }: Trial, token: string, goesOn: () => boolean): Promise<number> {
  let asked = 0;
  const connection = new Connection(port);
  const request = apiRequest(issuer, { method: 'GET', path: '/statistics/tokens?per=hour', token });
  for (let came = true; goesOn() && came; ) {
    came = await connection.ask(request).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (came) asked++;
  }
  connection.close();
  return asked;
}
