import type { Measures } from './core/measures.ts';
import type { Log, UnprovenRefusals } from './core/ports.ts';

/** The log, its lines counted; what a line tells of a refusal is counted by its code. Every refusal has its line. */
export function meteredLog(log: Log, { logged, refused }: Measures): Log {
  const counting =
    (level: keyof Measures['logged']): Log['info'] =>
    (message, fields) => {
      logged[level]++;
      if (fields?.code !== undefined && Object.hasOwn(refused, fields.code)) refused[fields.code as keyof typeof refused]++;
      log[level](message, fields);
    };
  return { info: counting('info'), warn: counting('warn'), error: counting('error') };
}

/** What nobody has proven to have caused, counted. */
export function meteredUnproven(unproven: UnprovenRefusals, measures: Measures): UnprovenRefusals {
  return {
    count: (code, correlationId, at) => {
      measures.unproven++;
      unproven.count(code, correlationId, at);
    },
  };
}
