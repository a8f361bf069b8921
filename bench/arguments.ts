import { parseArgs } from 'node:util';
import type { Extent } from './rounds.ts';

/** What the command line asks for. */
export type Asked = {
  readonly what: 'tokens' | 'certificates';
  readonly extent: Extent;
  /** Entries of the revocation list. */
  readonly entries: number;
  readonly output: 'table' | 'json';
  readonly help: boolean;
};

/** A command line that cannot be followed. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

export const HELP = `Measures what a token costs on this machine.

  npm run -s bench -- [options]
  npm run -s bench -- certificates [options]    what a certificate chain and a revocation list cost

  --rounds N         every target is measured once in each (default: 4)
  --tokens N         tokens of each target in each round (default: 10000)
  --connections N    connections that ask without a pause (default: 64)
  --delegations N    delegations in the register (default: 100000)
  --entries N        certificates: entries of the revocation list (default: 1000000)
  -o, --output FORM  table or json (default: table)
  -h, --help
`;

/** Requests to each target before anything is measured. */
const WARM_UP = 2_000;

/** Assertions live two minutes: more in one round would end before they are sent. */
const MOST_TOKENS = 50_000;

const options = {
  rounds: { type: 'string', default: '4' },
  tokens: { type: 'string', default: '10000' },
  connections: { type: 'string', default: '64' },
  delegations: { type: 'string', default: '100000' },
  entries: { type: 'string', default: '1000000' },
  output: { type: 'string', short: 'o', default: 'table' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws {Misuse} */
export function readArguments(args: string[]): Asked {
  const { values, positionals } = parse(args);
  const { output, help, ...counts } = values;
  const [what = 'tokens', ...more] = positionals;
  if ((what !== 'tokens' && what !== 'certificates') || more.length > 0)
    throw new Misuse(`there is nothing called ${positionals.join(' ')}`);
  if (output !== 'table' && output !== 'json') throw new Misuse(`--output is table or json, not ${output}`);
  const extent = {
    rounds: count('rounds', counts.rounds, 1_000),
    tokens: count('tokens', counts.tokens, MOST_TOKENS),
    connections: count('connections', counts.connections, 1_000),
    delegations: count('delegations', counts.delegations, 1_000_000),
    warmUp: WARM_UP,
  };
  return { what, extent, entries: count('entries', counts.entries, 3_000_000), output, help };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new Misuse(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function count(option: string, text: string, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > most) throw new Misuse(`--${option} is a whole number from 1 to ${most}, not ${text}`);
  return number;
}
