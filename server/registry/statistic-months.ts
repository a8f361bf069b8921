import { monthName, monthOf } from '../core/month.ts';
import type { Storage } from '../core/ports.ts';
import { DAY, type EpochSeconds } from '../core/time.ts';

/** How long after its end a month is closed: what other nodes write late, and a clock that was a day ahead, is still counted. */
const GRACE = DAY;

/** When it is, and what the records of it are found by. */
export type Sealing = {
  readonly now: EpochSeconds;
  /** The moment before which everything is over, whatever the clock was set to lately. */
  readonly surelyPast: EpochSeconds;
  readonly correlationId: string;
};

/**
 * Closes the next month that has been over for a day and is wholly counted, and seals what it comes to, with its digest in the audit: once,
 * however many processes do it. What a crash leaves closed is sealed the next time.
 * @returns whether there may be another one to seal
 */
export async function sealMonth(storage: Storage, { now, surelyPast, correlationId }: Sealing): Promise<boolean> {
  const month = await storage.statistics.close(surelyPast - GRACE);
  if (!month) return false;
  const sum = await storage.statistics.sum(month.from, month.to);
  await storage.transaction(async (changes) => {
    if (!(await changes.statisticMonths.seal(month.from, { at: now, ...sum }))) return;
    const name = monthName(monthOf(month.from));
    const details = { subject: `statistics/${name}`, month: name, ...sum };
    await changes.audit.append({ type: 'statistics.sealed', at: now, correlationId, details });
  });
  return true;
}
