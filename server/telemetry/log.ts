import pino from 'pino';
import type { Log, LogFields } from '../core/ports.ts';

/** Longest text of a field, so that a line stays below 8 KiB. `PV-SEC-103` */
const MAX_FIELD = 2000;

/** Writes one JSON object a line to standard error. `PV-SEC-103`, decisions 22 */
export function createLog(level: 'info' | 'warn' | 'error' = 'info'): Log {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
  return {
    info: (message, fields = {}) => log.info(bounded(fields), message),
    warn: (message, fields = {}) => log.warn(bounded(fields), message),
    error: (message, fields = {}) => log.error(bounded(fields), message),
  };
}

function bounded(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_FIELD) : value]),
  );
}
