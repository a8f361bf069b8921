import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `node --cpu-prof` writes: the tree of calls, and which of its nodes was on top at each sample. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
};

/** A function, and what was spent in itself, those it called left out. */
export type SelfTime = { readonly name: string; readonly milliseconds: number; readonly share: number };

const IDLE = '(idle)';

/**
 * The profile of this run in which most was done. @param since nothing older, milliseconds of the epoch.
 * @throws {Error} when there is none
 */
export async function readBusiest(folder: string, since: number): Promise<{ file: string; profile: CpuProfile }> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).map((name) => join(folder, name));
  const fresh: { file: string; profile: CpuProfile }[] = [];
  for (const file of files) {
    if ((await stat(file)).mtimeMs >= since)
      fresh.push({ file, profile: JSON.parse(await readFile(file, 'utf8')) as CpuProfile });
  }
  const [busiest] = fresh.toSorted((one, other) => busyTime(other.profile) - busyTime(one.profile));
  if (!busiest) throw new Error(`no profile was written to ${folder}`);
  return busiest;
}

/** The functions that took most by themselves, of the time that was not idle; the same function called from several places is one. */
export function topBySelfTime(profile: CpuProfile, count: number): readonly SelfTime[] {
  const times = selfTimes(profile);
  times.delete(IDLE);
  const all = busyTime(profile);
  return [...times]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([name, time]) => ({ name, milliseconds: time / 1000, share: all === 0 ? 0 : time / all }));
}

function busyTime(profile: CpuProfile): number {
  return [...selfTimes(profile)].reduce((sum, [name, time]) => sum + (name === IDLE ? 0 : time), 0);
}

/** Microseconds by function. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [n, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[n] ?? 0));
  }
  return times;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
  return `${name} ${file}:${lineNumber + 1}`;
}
