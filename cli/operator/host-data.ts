import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isApart, systemClock } from '../../server/clock.ts';
import { DAY, MINUTE } from '../../server/core/time.ts';
import type { StoreStatus } from '../../server/storage/upkeep.ts';
import { type Found, problem, warning } from '../health-check.ts';
import { rfc3339 } from '../moment.ts';
import type { Host } from './host.ts';

/** What `portvakt init` makes is there. */
export async function lookAtData({ config: { dataDir, store } }: Host): Promise<Found> {
  for (const name of [...(store ? [] : ['portvakt.db']), 'keys', 'audit-keys']) {
    const found = await stat(join(dataDir, name)).catch(({ code }: NodeJS.ErrnoException) => code ?? 'it cannot be read');
    if (typeof found !== 'string' && (found.isDirectory() || found.size > 0)) continue;
    const what = found === 'ENOENT' ? `there is no ${name} in ${dataDir}` : `${name} in ${dataDir} cannot be used`;
    const why = typeof found !== 'string' ? ': it is empty' : found === 'ENOENT' ? '' : `: ${found}`;
    return problem(`${what}${why}`, 'portvakt init makes a data directory, portvakt db restore brings one back');
  }
  return dataDir;
}

/** Its schema, and whether it holds together. `PV-SEC-121` */
export function judgeFile({ flaws, schema, pending, bytes }: StoreStatus): Found {
  if (flaws.length > 0) {
    const told = flaws.slice(0, 3).join('; ');
    return problem(`the database is damaged: ${told}`, 'stop the server, and restore a backup: portvakt db restore');
  }
  if (pending.length > 0) {
    const lacks = `schema ${schema}, which lacks ${pending.join(', ')}`;
    return warning(lacks, 'make a backup; then portvakt db migrate');
  }
  return `schema ${schema}, ${Math.ceil(bytes / 1024)} KiB, sound`;
}

const MIB = 1024 ** 2;

/** Free space below which is warned, and below which it soon stops: the log alone may need some of it. */
const WARNED_BELOW = { bytes: 1024 * MIB, share: 0.1 };
const BROKEN_BELOW = 100 * MIB;

export async function lookAtSpace({ config: { dataDir } }: Host): Promise<Found> {
  const { bavail, blocks, bsize } = await statfs(dataDir);
  return judgeSpace({ free: bavail * bsize, total: blocks * bsize });
}

/** Judges the free space of a file system, in bytes. */
export function judgeSpace({ free, total }: { readonly free: number; readonly total: number }): Found {
  const told = `${Math.floor(free / MIB)} MiB free of ${Math.floor(total / MIB)}`;
  const fix = 'make room, or give the data directory a larger disk; old audit goes with portvakt db prune';
  if (free < BROKEN_BELOW) return problem(told, fix);
  return free < WARNED_BELOW.bytes || free < total * WARNED_BELOW.share ? warning(told, fix) : told;
}

const BACKUP_OLD_AFTER = 7 * DAY;

export async function lookAtBackup({ status, now }: Host): Promise<Found> {
  const { last_backup: last } = await status();
  if (!last) return warning('there has never been one', 'portvakt db backup, by a timer');
  const days = Math.floor((now - last.at) / DAY);
  const told = `${rfc3339(last.at)}, ${days} ${days === 1 ? 'day' : 'days'} ago`;
  return now - last.at > BACKUP_OLD_AFTER ? warning(told, 'portvakt db backup, by a timer') : told;
}

/** A floor that lies ahead refuses honest assertions. `PV-SEC-031`, `PV-SEC-036` */
export async function lookAtReplayFloor({ status, now }: Host): Promise<Found> {
  const { replay_floor: floor } = await status();
  const clock = 'set the clock right (NTP); then it passes by itself';
  if (floor && floor.issued_from > now)
    return problem(`every assertion is refused that is issued before ${rfc3339(floor.issued_from)}`, clock);
  const ahead = floor?.forgotten.filter(({ until }) => until > now) ?? [];
  if (ahead.length > 0) {
    const spans = ahead.map(({ since, until }) => `from ${rfc3339(since)} to ${rfc3339(until)}`);
    return warning(`assertions are refused that end ${spans.join(', ')}: the clock has run ahead`, clock);
  }
  return floor && floor.issued_from > 0 ? `refuses what was issued before ${rfc3339(floor.issued_from)}` : 'none';
}

/** What helps where a machine's clock is not the database's. */
export const MEND_CLOCKS = 'set the clocks of this machine and of the database right (NTP)';

/** A clock that has gone back would take tokens that have ended for good ones; one that is not the database's serves nobody. `PV-SEC-026` */
export async function lookAtPast({ inStore, now }: Host): Promise<Found> {
  return inStore(async ({ lastAudited = 0, clock }) => {
    if (await isApart(systemClock, clock)) return problem("it is not the database's: a server here is not ready", MEND_CLOCKS);
    if (lastAudited <= now + MINUTE) return rfc3339(now);
    const told = `it says ${rfc3339(now)}, and the audit goes on to ${rfc3339(lastAudited)}`;
    return problem(told, 'set the clock right (NTP)');
  });
}
