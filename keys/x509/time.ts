import type { EpochSeconds } from '../../server/core/time.ts';
import { type DerValue, TAG } from './der.ts';
import { Refusal } from './refusal.ts';

/** The century of a UTCTime: 50 to 99 are of the twentieth. RFC 5280 §4.1.2.5.1 */
const FIRST_YEAR_OF_1900S = 50;

/**
 * Reads a date as RFC 5280 §4.1.2.5 writes it: UTCTime `YYMMDDHHMMSSZ` or GeneralizedTime `YYYYMMDDHHMMSSZ`, with seconds,
 * without fraction, in Zulu. A GeneralizedTime before 2050 is one that issuers must not write and readers must take.
 * @throws {Refusal} time
 */
export function readTime({ tag, content }: DerValue): EpochSeconds {
  const [, year, ...rest] = pattern(tag)?.exec(content.toString('latin1')) ?? [];
  const [month, day, hour, minute, second] = rest;
  if (year === undefined) throw new Refusal('time', 'neither UTCTime nor GeneralizedTime to the second, in Zulu');
  const iso = `${fullYear(year)}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const milliseconds = Date.parse(iso);
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== iso)
    throw new Refusal('time', 'a date that does not exist');
  return milliseconds / 1000;
}

function pattern(tag: number): RegExp | undefined {
  if (tag === TAG.utcTime) return /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
  return tag === TAG.generalizedTime ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : undefined;
}

function fullYear(year: string): string {
  if (year.length === 4) return year;
  return `${Number(year) >= FIRST_YEAR_OF_1900S ? '19' : '20'}${year}`;
}
