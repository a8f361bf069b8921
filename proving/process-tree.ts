import { readdirSync, readFileSync } from 'node:fs';

// What the kernel says of a process and its children (proc(5)): the server under load knows nothing of being watched. Linux alone.

/** What a clock tick of /proc is, in microseconds: USER_HZ is 100 for every program on Linux. */
const TICK = 10_000;

/** Whether the kernel tells what this file reads. */
export function canWatch(): boolean {
  return process.platform === 'linux' && statOf(process.pid) !== undefined;
}

/** The process and all below it, itself first. Without those that ended meanwhile. */
export function processTree(root: number): readonly number[] {
  const parents = new Map(
    allProcesses().flatMap((pid): [number, number][] => {
      const stat = statOf(pid);
      return stat ? [[pid, stat.parent]] : [];
    }),
  );
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

/** Microseconds of CPU, user and system, of the process and all below it, and of children that have ended. In steps of 10 ms each. */
export function cpuOfTree(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0) * TICK, 0);
}

/** Octets that the process holds in memory (`VmRSS`), or nothing when it has ended. */
export function residentSize(pid: number): number | undefined {
  return sizeIn('VmRSS', pid);
}

/** The most octets that the process has ever held in memory (`VmHWM`), or nothing when it has ended. */
export function peakSize(pid: number): number | undefined {
  return sizeIn('VmHWM', pid);
}

/** Whether the process still runs; one that nobody has asked after since it ended does not. */
export function isRunning(pid: number): boolean {
  return residentSize(pid) !== undefined;
}

/** Ends a process as `kill -9` does. One that is gone already stays so. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isOfGone(error)) throw error;
  }
}

/** Open descriptors of the process, or nothing when it has ended. */
export function descriptors(pid: number): number | undefined {
  return unlessGone(() => readdirSync(`/proc/${pid}/fd`).length);
}

function sizeIn(field: 'VmRSS' | 'VmHWM', pid: number): number | undefined {
  const status = read(`/proc/${pid}/status`);
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status ?? '')?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

function allProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** The name in parentheses may hold anything, also parentheses. Fields 4, and 14 to 17. */
function statOf(pid: number): { readonly parent: number; readonly ticks: number } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0] = fields;
  return { parent, ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) };
}

function read(file: string): string | undefined {
  return unlessGone(() => readFileSync(file, 'utf8'));
}

/** A process may end between two looks. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isOfGone(error)) return undefined;
    throw error;
  }
}

function isOfGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
