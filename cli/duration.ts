import { InvalidArgumentError } from 'commander';
import { parseDuration } from './moment.ts';

/** For options that take `10s`, `5m`, `2h` or `3d`. @returns seconds */
export function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('It is a number with s, m, h or d, such as 10s.');
  return seconds;
}
