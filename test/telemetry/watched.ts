import type { Config } from '../../server/config.ts';
import type { TestServer } from '../token/server.ts';

/** A listener for those who watch, at a free port. */
export const WATCHED: Config['operations'] = { listen: { host: '127.0.0.1', port: 0 }, logLevel: 'info', logTokens: false };

/** Asks at the address of those who watch. */
export function operations(
  { operationsPort }: Pick<TestServer, 'operationsPort'>,
  path: string,
  init?: RequestInit,
): Promise<Response> {
  return fetch(`http://127.0.0.1:${operationsPort}${path}`, init);
}

/** A page of metrics as a scraper reads it: each value by name and labels, as they are written. */
export async function scrape(server: Pick<TestServer, 'operationsPort'>): Promise<ReadonlyMap<string, number>> {
  const text = await (await operations(server, '/metrics')).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line): [string, number] => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** What has changed between two pages, by how much. */
export function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): (series: string) => number {
  return (series) => (after.get(series) ?? Number.NaN) - (before.get(series) ?? Number.NaN);
}
