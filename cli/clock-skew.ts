import { type Found, problem, warning } from './health-check.ts';

/** When somebody was asked and had answered by this machine's clock, in milliseconds, and what the answer says of the time. */
export type ToldTime = { readonly date?: string; readonly age?: string; readonly sent: number; readonly received: number };

/** How far clocks may lie apart, in seconds: from the one on it is told of, beyond the other `iat` lies ahead. Contract §1.4 */
const TOLD_FROM = 2;
const TOLERANCE = 10;

/**
 * How far a clock lies ahead of this machine's at the least, in seconds, negative where it lies behind: the header is whole seconds,
 * and was written at any moment between question and answer. RFC 9110 §6.6.1, RFC 9111 §5.1
 * @returns undefined where the answer does not tell
 */
export function leastSkew({ date = '', age, sent, received }: ToldTime): number | undefined {
  const written = Date.parse(date);
  if (Number.isNaN(written)) return undefined;
  const aged = /^[0-9]{1,9}$/.test(age ?? '') ? Number(age) : undefined;
  const earliest = written + (aged ?? 0) * 1000;
  // What a cache has kept grew old by whole seconds, too.
  const latest = earliest + (aged === undefined ? 1000 : 2000);
  if (earliest > received) return (earliest - received) / 1000;
  return latest < sent ? (latest - sent) / 1000 : 0;
}

/** Judges what another clock told. @param whose as the finding calls it */
export function judgeSkew(whose: string, told: ToldTime): Found | undefined {
  const skew = leastSkew(told);
  if (skew === undefined) return undefined;
  const apart = Math.abs(skew);
  const detail = `${Math.round(apart)} s apart from that of ${whose}`;
  const fix = 'set the clock of this machine right (NTP)';
  if (apart > TOLERANCE) return problem(`${detail}; ${TOLERANCE} s is allowed`, fix);
  return apart > TOLD_FROM ? warning(detail, fix) : detail;
}
