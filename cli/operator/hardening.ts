import { url } from 'node:inspector';
import type { Config } from '../../server/config.ts';
import { Failure } from '../failure.ts';

const REVEALING = /^--(inspect|heapsnapshot-signal|heapsnapshot-near-heap-limit|abort-on-uncaught-exception)/;

/**
 * Sees that nobody can look into the memory of a production server, where its signing key lies: an open inspector, heap snapshots
 * and cores of a crash are refused, and SIGUSR1, by which Node opens the inspector, does nothing. `PV-SEC-096`
 * @throws {Failure} naming the flag
 */
export function shutTheInspector(environment: Config['environment']): void {
  process.on('SIGUSR1', () => {});
  if (environment !== 'production') return;
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  const open = flags.find((flag) => REVEALING.test(flag)) ?? url();
  if (open === undefined) return;
  throw new Failure('config', `${open} would show the memory of a production server`, { fix: 'start Node without it' });
}
