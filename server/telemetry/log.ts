import pino from 'pino';
import type { Log, LogFields } from '../core/ports.ts';

/** Most bytes of a message or a field as they stand in the line, so that it stays below 8 KiB with four of them. `PV-SEC-103` */
const MAX_TEXT = 1_900;

/** Everything that a line may hold besides its time, level and message. `PV-SEC-103`, `PV-SEC-104` */
const FIELDS: readonly (keyof LogFields)[] = Object.keys({
  correlation_id: true,
  code: true,
  status: true,
  detail: true,
  error: true,
  stack: true,
  issuer: true,
  duration_ms: true,
} satisfies Record<keyof LogFields, true>) as (keyof LogFields)[];

/** What is not even escaped by JSON, and moves a terminal's cursor or breaks a reader's lines all the same. */
const UNSEEN = /[\u007f-\u009f\u2028\u2029]/g;

export type LogLevel = 'info' | 'warn' | 'error';

/**
 * Writes one JSON object a line to standard error. `PV-SEC-103`, decisions 22
 * @param write takes the lines, for whoever reads them elsewhere.
 */
export function createLog(level: LogLevel = 'info', write?: (line: string) => void): Log {
  const destination = write ? { write } : pino.destination({ dest: 2, sync: true });
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    info: (message, fields = {}) => log.info(allowed(fields), bounded(message)),
    warn: (message, fields = {}) => log.warn(allowed(fields), bounded(message)),
    error: (message, fields = {}) => log.error(allowed(fields), bounded(message)),
  };
}

/** Anything else is left out, whatever a caller has spread into its fields. */
function allowed(fields: LogFields): LogFields {
  const found: Record<string, string | number> = {};
  for (const name of FIELDS) {
    const value = fields[name];
    if (typeof value === 'number') found[name] = value;
    else if (typeof value === 'string') found[name] = bounded(value);
  }
  return found;
}

function bounded(text: string): string {
  const seen = text.slice(0, MAX_TEXT).replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return lengthInLine(seen) <= MAX_TEXT ? seen : cut(seen);
}

function lengthInLine(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

function cut(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end) {
    const middle = Math.ceil((start + end) / 2);
    if (lengthInLine(text.slice(0, middle)) <= MAX_TEXT) start = middle;
    else end = middle - 1;
  }
  return text.slice(0, start);
}
