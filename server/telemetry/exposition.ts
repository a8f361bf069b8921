import type { Reading } from './readings.ts';

/** What Prometheus is told a page of metrics is. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The readings of all processes, added up, as a page for Prometheus. What makes it is loaded when the first page is asked for: a
 * server that is starting has no use for it.
 */
export async function exposeReadings(processes: readonly (readonly Reading[])[]): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(processes.map((readings) => [...readings])).metrics();
}
