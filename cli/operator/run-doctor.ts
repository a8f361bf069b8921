import { Failure } from '../failure.ts';
import { type Finding, findingView, lookAtAll } from '../health-check.ts';
import { looksAtServer } from '../server-health.ts';
import type { Terminal } from '../terminal.ts';
import { looksAtHost } from './host-health.ts';
import { nearestConfig } from './run-server.ts';

export type DoctorOptions = { readonly config?: string; readonly server?: string; readonly offline?: boolean };

/** Tells what was found. @throws {Failure} `unhealthy` when something is not well, `usage` when there is nothing to look at */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  const config = options.config ?? (await configHere());
  const host = config === undefined ? [] : await lookAtAll(looksAtHost(config));
  const server = options.offline ? [] : await lookAtAll(await looksAtServer(options.server, terminal));
  const findings: readonly Finding[] = [...host, ...server];
  if (findings.length === 0) {
    throw new Failure('usage', 'there is nothing to look at', { fix: 'give --config FILE, or leave --offline out' });
  }
  await terminal.answer({ items: findings, next: null }, findingView);
  const failed = findings.filter(({ result }) => result === 'fail');
  if (failed.length === 0) return terminal.say(`all is well: ${findings.length} checks`);
  throw new Failure('unhealthy', `${failed.length} of ${findings.length} checks failed`);
}

async function configHere(): Promise<string | undefined> {
  return nearestConfig(process.cwd()).catch((error: unknown) => {
    if (error instanceof Failure) return undefined;
    throw error;
  });
}
