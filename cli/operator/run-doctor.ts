import { readConfig } from '../../server/config.ts';
import { readContexts } from '../context-file.ts';
import { Failure } from '../failure.ts';
import { type Finding, findingView, lookAtAll } from '../health-check.ts';
import { looksAtServer } from '../server-health.ts';
import type { Terminal } from '../terminal.ts';
import { looksAtHost } from './host-health.ts';
import { nearestConfig } from './run-server.ts';

export type DoctorOptions = { readonly config?: string; readonly server?: string; readonly offline?: boolean };

/** How long somebody whom the server asks may take to answer, in seconds, unless `--timeout` says less. */
const PATIENCE = 5;

/**
 * Tells what was found; warnings are told of, and fail nothing.
 * @throws {Failure} `unhealthy` where there is a problem, `usage` when there is nothing to look at
 */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  const { offline = false } = options;
  const config = options.config ?? (await configHere());
  const patience = Math.min(PATIENCE, terminal.options.timeout) * 1000;
  const host = config === undefined ? [] : await lookAtAll(looksAtHost(config, { offline, patience }));
  const server = offline
    ? []
    : await lookAtAll(await looksAtServer(options.server ?? (await issuerOf(options, terminal)), terminal));
  const findings: readonly Finding[] = [...host, ...server];
  if (findings.length === 0) {
    throw new Failure('usage', 'there is nothing to look at', { fix: 'give --config FILE, or leave --offline out' });
  }
  await terminal.answer({ items: findings, next: null }, findingView);
  conclude(findings, terminal);
}

function conclude(findings: readonly Finding[], terminal: Terminal): void {
  const count = (wanted: Finding['result']): number => findings.filter(({ result }) => result === wanted).length;
  const problems = count('problem');
  const warnings = count('warning');
  const warned = `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (problems > 0)
    throw new Failure(
      'unhealthy',
      `${problems} ${problems === 1 ? 'problem' : 'problems'} and ${warned} in ${findings.length} checks`,
    );
  if (warnings > 0) terminal.warn(`${warned} in ${findings.length} checks`);
  else terminal.say(`all is well: ${findings.length} checks`);
}

/** Of the configuration that is named, where no context says whom to ask; one that cannot be read is told of already. */
async function issuerOf({ config }: DoctorOptions, { options: { context } }: Terminal): Promise<string | undefined> {
  if (config === undefined || (context ?? (await readContexts()).current) !== undefined) return undefined;
  return readConfig(config).then(
    ({ issuer }) => issuer,
    () => undefined,
  );
}

async function configHere(): Promise<string | undefined> {
  return nearestConfig(process.cwd()).catch((error: unknown) => {
    if (error instanceof Failure) return undefined;
    throw error;
  });
}
