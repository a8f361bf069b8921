import type { Reading, ReadingValue } from './readings.ts';

/**
 * What processes that have ended had counted, so that a sum over all of them never falls. What they saw at the moment, their gauges,
 * went with them. Its size is that of one process's readings.
 */
export class EndedReadings {
  readonly #counted = new Map<string, Omit<Reading, 'values'> & { readonly values: Map<string, ReadingValue> }>();

  /** @param readings the last of a process. */
  add(readings: readonly Reading[]): void {
    for (const { values, ...metric } of readings) {
      if (metric.type === 'gauge') continue;
      const counted = this.#counted.get(metric.name) ?? { ...metric, values: new Map<string, ReadingValue>() };
      for (const value of values) {
        const key = JSON.stringify([value.metricName, value.labels]);
        counted.values.set(key, { ...value, value: value.value + (counted.values.get(key)?.value ?? 0) });
      }
      this.#counted.set(metric.name, counted);
    }
  }

  /** As if they were one process. */
  readings(): readonly Reading[] {
    return [...this.#counted.values()].map(({ values, ...metric }) => ({ ...metric, values: [...values.values()] }));
  }
}
