import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { type Gate, TOLD } from './gate.ts';
import { BACK, befall, type Fault } from './load/befall.ts';
import { Trial } from './load/trial.ts';
import { canTrace } from './system-calls.ts';

/** How long the fault lasts, in milliseconds: longer than anybody waits for a lock. */
const FULL = 30_000;
const SHORT = 4_000;

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
