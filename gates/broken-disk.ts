import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { type Gate, TOLD } from './gate.ts';
import { NOTHING, TOKEN } from './load/spending.ts';
import { Trial } from './load/trial.ts';
import { canTrace } from './system-calls.ts';

/** How long the fault lasts, in milliseconds: longer than anybody waits for a lock. */
const FULL = 30_000;
const SHORT = 4_000;

/** Milliseconds within which there are tokens again. Security §6 */
const BACK = 10_000;

const REQUESTS = 1_000;

/** Refusals that are clear: the store cannot be used, or the server has too much to do meanwhile. */
const CLEAR = ['PV-502', 'PV-402', 'PV-505'];

/** What may befall a store. */
type Fault = {
  readonly name: string;
  /** Whether tokens may still be issued while it lasts. */
  readonly serves: boolean;
  /** @returns what ends it */
  readonly begin: (trial: Trial) => Promise<() => Promise<void>>;
};

/** Every write to a file at a place, as SQLite writes, or every sync, meets this in all workers. */
const injected = (name: string, injection: string, serves = false): Fault => ({
  ...{ name, serves },
  begin: async ({ server }) => {
    const processes = server.workers().flatMap((pid) => ['-p', `${pid}`]);
    const call = injection.split(':', 1)[0] ?? '';
    const tracer = spawn('strace', ['-f', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${injection}`, ...processes], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(tracer.stderr, 'data');
    return async () => {
      const ended = once(tracer, 'exit');
      tracer.kill('SIGINT');
      await ended;
    };
  },
});

/** Somebody else holds the store. */
export const locked: Fault = {
  ...{ name: 'locked by another process', serves: false },
  begin: async ({ directory }) => {
    const other = new Database(directory.database, { timeout: 10_000 });
    other.exec('BEGIN EXCLUSIVE');
    return async () => {
      other.exec('ROLLBACK');
      other.close();
    };
  },
};

/** No file may have another octet, as the system limits it: a full disk but for the error's name, where strace cannot be used. prlimit(1) */
const noRoom: Fault = {
  ...{ name: 'no room in any file', serves: false },
  begin: async ({ server }) => {
    limitFiles(server.workers(), '0');
    return async () => limitFiles(server.workers(), 'unlimited');
  },
};

function limitFiles(processes: readonly number[], most: string): void {
  for (const pid of processes) {
    const { status, stderr, error } = spawnSync('prlimit', ['--pid', `${pid}`, `--fsize=${most}:`]);
    if (status !== 0) throw new Error(`prlimit: ${error?.message ?? stderr}`);
  }
}

const NO_SPACE = injected('a full disk', 'pwrite64:error=ENOSPC');

/** No write has room any more, as near as it can be brought about here. */
export function fullDisk(): Fault {
  return canTrace() ? NO_SPACE : noRoom;
}

const FAULTS: readonly Fault[] = [
  NO_SPACE,
  injected('a disk that can only be read', 'pwrite64:error=EROFS'),
  injected('a disk that fails to sync', 'fsync,fdatasync:error=EIO'),
  injected('a disk of which each sync takes two seconds', 'fsync,fdatasync:delay_enter=2000000', true),
  locked,
];

const UNTRACED: readonly Fault[] = [noRoom, locked];

/** What happens to the store under load must cost tokens and nothing else. Security §6, `PV-SEC-118` */
export const brokenDisk: Gate = {
  id: 'G4',
  title: `disk full, read-only, failing, slow, store locked: no token without a replay row, no crash, tokens again in ${BACK / 1000} s`,
  run: async ({ isShort, tell }) => {
    const failures: string[] = canTrace() ? [] : ['strace cannot be used here: only the lock and files without room were shown'];
    const figures: Record<string, string> = {};
    const trial = await Trial.open();
    try {
      for (const fault of canTrace() ? FAULTS : UNTRACED) {
        tell(fault.name);
        const { told, flaws } = await befall(trial, fault, isShort ? SHORT : FULL);
        figures[fault.name] = told;
        failures.push(...flaws.map((flaw) => `${fault.name}: ${flaw}`));
      }
    } finally {
      await trial.close();
    }
    return { figures, failures: failures.slice(0, TOLD) };
  },
};

/** Lets a fault last so many milliseconds under load. @returns what came of it, and what should not have */
export async function befall(
  trial: Trial,
  { serves, begin }: Fault,
  lasting: number,
): Promise<{ readonly told: string; readonly flaws: readonly string[] }> {
  const workers = `${trial.server.workers()}`;
  const requests = await trial.sign(REQUESTS);
  const flaws: string[] = [];
  let before = new Map(trial.spending.came);
  let during = new Map<string, number>();
  await trial.loadWhile(requests, async () => {
    await pause(100);
    const end = await begin(trial);
    // What was under way when it began may still be answered.
    await pause(100);
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
  if (`${trial.server.workers()}` !== workers) flaws.push('a worker crashed');
  flaws.push(...(await trial.broken()));
  const answers = [...during].map(([came, count]) => `${came === NOTHING ? 'no answer' : came} ${count}`).join(', ') || 'none';
  return { told: `answers meanwhile: ${answers}; tokens again after ${(back / 1000).toFixed(2)} s`, flaws };
}

function since(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): Map<string, number> {
  const counts = [...now].map(([came, count]) => [came, count - (before.get(came) ?? 0)] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}
