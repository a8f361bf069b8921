import { readFileSync, writeFileSync } from 'node:fs';
import { url } from 'node:inspector';
import type { Config } from '../../server/config.ts';
import { Failure } from '../failure.ts';

/** What Node is started with that opens the memory to others, or takes its flags from where they are not seen. */
const REVEALING = /^--(inspect|heapsnapshot-|abort-on-uncaught-exception|experimental-(default-)?config-file)/;

/**
 * Sees that nobody can look into the memory of a production server, where its signing key lies: an open inspector and heap snapshots
 * are refused, SIGUSR1, by which Node opens the inspector, does nothing, and the core of a crash holds none of it. `PV-SEC-096`
 * @throws {Failure} naming the flag
 * @returns what could not be shut, for the log; undefined where all is
 */
export function shutTheMemory(environment: Config['environment']): string | undefined {
  process.on('SIGUSR1', () => {});
  if (environment !== 'production') return undefined;
  const open = revealingFlag() ?? url();
  if (open !== undefined)
    throw new Failure('config', `${open} would show the memory of a production server`, { fix: 'start Node without it' });
  return emptyCores();
}

/** Node takes underscores for hyphens, and quotes round what stands in NODE_OPTIONS. */
function revealingFlag(): string | undefined {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return flags.find((flag) => REVEALING.test(flag.replaceAll('"', '').replaceAll('_', '-')));
}

/**
 * Leaves memory out of what the kernel writes when a process crashes: of this one and of all that it starts. The limit on the size of
 * cores cannot be lowered from here. core(5)
 */
function emptyCores(): string | undefined {
  if (process.platform !== 'linux') return coresAre('this system');
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
    return undefined;
  } catch {
    // A kernel without cores has no such file, and a sandbox may not let it be written: then the limit decides.
    return limitOfCores() === '0' ? undefined : coresAre('this machine');
  }
}

function coresAre(where: string): string {
  return `${where} may write a core with the memory of a process that crashes; forbid it with ulimit -c 0, or LimitCORE=0 in its unit`;
}

function limitOfCores(): string | undefined {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
}
