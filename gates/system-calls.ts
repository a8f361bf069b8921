import { spawnSync } from 'node:child_process';

/** Octets that were written to a file. */
export type Written = { readonly path: string; readonly offset: number; readonly length: number };

/** What a trace tells of a database and of those who wrote to it. */
export type Traced = {
  /** Syncs of its files that succeeded. */
  readonly syncs: number;
  /** Answers with 200 that were written to connections. */
  readonly answers: number;
  /** Of them, those that were written while the process had written to the log and not synced it. */
  readonly early: number;
  /** Writes that no sync followed: a loss of power may leave anything there. */
  readonly unsynced: readonly Written[];
};

let traces: boolean | undefined;

/** Whether strace is here, and may watch a process that it has not started: what many systems let their administrator alone do. ptrace(2) */
export function canTrace(): boolean {
  traces ??=
    spawnSync('sh', ['-c', 'sleep 1 & strace -f -o /dev/null -e trace=none -p $!; exit $?'], { stdio: 'ignore' }).status === 0;
  return traces;
}

const PWRITE = /^pwrite64\(\d+<([^>]*)>, .*, (\d+), (\d+)(?:\) += (\d+)|$)/s;
const SYNC = /^f(?:data)?sync\(\d+<([^>]*)>\) += (-?\d+)/;
const ANSWER = /^(?:write|writev|sendto|sendmsg)\(\d+<(?:socket|TCP).*"HTTP\/1\.1 200/s;

/**
 * Reads a trace of `strace -f -y -o`: a process, a call and its result in each line. A call that others interrupt stands in two lines: a sync
 * covers the writes that were over before it began, and an answer leaves when its call begins.
 * @param database the file, whose log has its name and `-wal`.
 */
export function traceOf(text: string, database: string): Traced {
  const begun = new Map<string, { readonly call: string; readonly before: ReadonlySet<Written> }>();
  const pending = new Set<Written>();
  /** Processes that have written to the log and not synced it. */
  const dirty = new Set<string>();
  let [syncs, answers, early] = [0, 0, 0];
  const ofDatabase = (path: string): boolean => path === database || path === `${database}-wal`;
  const sees = (pid: string, call: string, before: ReadonlySet<Written>): void => {
    const [, path = '', length, offset] = PWRITE.exec(call) ?? [];
    if (ofDatabase(path)) {
      pending.add({ path, offset: Number(offset), length: Number(length) });
      if (path.endsWith('-wal')) dirty.add(pid);
    }
    const [, synced = '', result] = SYNC.exec(call) ?? [];
    if (!ofDatabase(synced) || result !== '0') return;
    syncs++;
    for (const write of before) if (write.path === synced) pending.delete(write);
    if (synced.endsWith('-wal')) dirty.delete(pid);
  };
  for (const line of text.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const unfinished = / ?<unfinished \.\.\.>$/.test(rest);
    const call = unfinished ? rest.replace(/ ?<unfinished \.\.\.>$/, '') : rest;
    if (!resumed && ANSWER.test(call)) {
      answers++;
      if (dirty.has(pid)) early++;
    }
    if (unfinished) begun.set(pid, { call, before: new Set(pending) });
    else if (resumed) {
      const first = begun.get(pid);
      begun.delete(pid);
      if (first) sees(pid, `${first.call}${resumed[1]}`, first.before);
    } else sees(pid, call, new Set(pending));
  }
  // What was being written when all ended may be there or not.
  for (const [pid, { call, before }] of begun) sees(pid, call, before);
  return { syncs, answers, early, unsynced: [...pending] };
}
