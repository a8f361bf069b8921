import { InvalidArgumentError } from 'commander';
import type { EpochSeconds } from '../server/core/time.ts';

const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads a moment in RFC 3339 §5.6, a fraction cut off. @returns undefined for anything else, and for a day that does not exist */
export function parseInstant(text: string): EpochSeconds | undefined {
  const [, date, time, , sign, hours = '00', minutes = '00'] = INSTANT.exec(text) ?? [];
  const local = Date.parse(`${date}T${time}Z`);
  const exists = !Number.isNaN(local) && new Date(local).toISOString() === `${date}T${time}.000Z`;
  if (!exists || hours > '23' || minutes > '59') return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60;
  return local / 1000 + (sign === '-' ? offset : -offset);
}

/** For options that take a moment. */
export function instant(text: string): EpochSeconds {
  const at = parseInstant(text);
  if (at === undefined) throw new InvalidArgumentError('It is a moment in RFC 3339, such as 2027-01-31T12:00:00Z.');
  return at;
}
