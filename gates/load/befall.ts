import { setTimeout as pause } from 'node:timers/promises';
import { NOTHING, TOKEN } from './spending.ts';
import type { Trial } from './trial.ts';

/** Milliseconds within which there are tokens again. Security §6 */
export const BACK = 10_000;

const REQUESTS = 3_000;

/** Milliseconds in which that is answered whose commit was done already: a machine may be busy. */
const UNDER_WAY = 500;

/** Refusals that are clear: the store cannot be used, or takes too long, or the server has too much to do meanwhile. */
const CLEAR = ['PV-502', 'PV-508', 'PV-402', 'PV-505'];

/** What may befall a store. */
export type Fault = {
  readonly name: string;
  /** Whether tokens may still be issued while it lasts. */
  readonly serves: boolean;
  /** @returns what ends it */
  readonly begin: (trial: Trial) => Promise<() => Promise<void>>;
};

/** Lets a fault last so many milliseconds under load. @returns what came of it, and what should not have */
export async function befall(
  trial: Trial,
  { serves, begin }: Fault,
  lasting: number,
): Promise<{ readonly told: string; readonly flaws: readonly string[] }> {
  const workers = `${trial.workers()}`;
  const requests = await trial.sign(REQUESTS);
  const flaws: string[] = [];
  let before = new Map(trial.spending.came);
  let during = new Map<string, number>();
  await trial.loadWhile(requests, async () => {
    await pause(100);
    const end = await begin(trial);
    // What was under way when it began may still be answered.
    await pause(UNDER_WAY);
    before = new Map(trial.spending.came);
    await pause(lasting);
    during = since(before, trial.spending.came);
    await end();
  });
  const back = await trial.timeToToken(3 * BACK);
  for (const [came, count] of during)
    if (!(CLEAR.includes(came) || (came === TOKEN && serves))) flaws.push(`${count} requests were answered with ${came}`);
  if (during.size === 0 && !serves) flaws.push('nothing was answered while it lasted');
  if (back > BACK) flaws.push(`tokens again only after ${(back / 1000).toFixed(1)} s`);
  if (`${trial.workers()}` !== workers) flaws.push('a worker crashed');
  flaws.push(...(await trial.broken()));
  const answers = [...during].map(([came, count]) => `${came === NOTHING ? 'no answer' : came} ${count}`).join(', ') || 'none';
  return { told: `answers meanwhile: ${answers}; tokens again after ${(back / 1000).toFixed(2)} s`, flaws };
}

function since(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): Map<string, number> {
  const counts = [...now].map(([came, count]) => [came, count - (before.get(came) ?? 0)] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}
