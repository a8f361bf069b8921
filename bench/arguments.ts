import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Extent } from './measures/rounds.ts';

/** What is measured. */
export type What =
  | 'tokens'
  | 'certificates'
  | 'growth'
  | 'profile'
  | 'slow-senders'
  | 'reloads'
  | 'soak'
  | 'start'
  | 'audit'
  | 'nodes';

/** What the command line asks for. */
export type Asked = {
  readonly what: What;
  readonly extent: Extent;
  readonly workers: number;
  /** In the register. */
  readonly delegations: number;
  readonly peers: boolean;
  /** Requests a second where a mode needs an open loop. */
  readonly rate: number;
  /** Entries of the revocation list. */
  readonly entries: number;
  /** Of the large store; absent where none is asked for. */
  readonly growth?: Growth;
  /** Folder of the profiles. */
  readonly profile: string;
  readonly senders: number;
  readonly reloads: number;
  /** Seconds. */
  readonly soak: number;
  readonly starts: number;
  /** Of the audit. */
  readonly records: number;
  /** On one PostgreSQL. */
  readonly nodes: number;
  readonly output: 'table' | 'json';
  /** Files that the figures are written to as well. */
  readonly json?: string;
  readonly plot?: string;
  readonly help: boolean;
};

/** Size of a store. */
export type Growth = { readonly clients: number; readonly grants: number };

/** A command line that cannot be followed. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

export const HELP = `Measures what a token costs on this machine.

  npm run -s bench -- [options]                 Portvakt, and servers of others beside it
  npm run -s bench -- certificates [options]    what a certificate chain and a revocation list cost

  --rounds N         every target is measured once in each (default: 4)
  --tokens N         tokens of each target in each round (default: 10000)
  --connections N    connections that ask without a pause (default: 64)
  --rate N           an open loop too, or its rate in the modes below: requests a second (default there: 300)
  --workers N        workers of each server (default: the cores)
  --warm-up N        tokens of each target before the first round (default: 2000)
  --delegations N    delegations in the register (default: 100000)
  --no-peers         Portvakt alone
  --entries N        certificates: entries of the revocation list (default: 1000000)

Other modes, one at a time:
  --clients N --grants N   CPU of a token on a store of this size, against one of 100 clients
  --profile DIR            CPU profiles of all processes, and the ten functions that take most of a worker
  --slow-senders N         latency while so many connections dribble, beside undisturbed
  --reloads N              requests that fail during so many reloads by SIGHUP
  --soak SECONDS           memory and descriptors of the workers over that time
  --start N                time from start to ready, so many times; with --clients and --grants on such a store, too
  --nodes N                so many nodes on one PostgreSQL, beside one node on it and one on a file
  --audit N                time and memory that it takes to verify an audit of so many records

  -o, --output FORM  table or json (default: table)
  --json FILE        the figures as JSON in a file, too
  --plot FILE.svg    tokens a second and signatures a token of each target, drawn
  -h, --help

It ends with 1 when a request got no token, a replay got one, or a reload lost a request. Docs: docs/performance.md
`;

/** Requests to each target before anything is measured. */
const WARM_UP = 2_000;

/** Assertions live two minutes: more in one round would end before they are sent. */
const MOST_TOKENS = 50_000;

/** Requests a second of an open loop for which nobody said another. */
const RATE = '300';

const options = {
  rounds: { type: 'string', default: '4' },
  tokens: { type: 'string', default: '10000' },
  connections: { type: 'string', default: '64' },
  'warm-up': { type: 'string', default: `${WARM_UP}` },
  rate: { type: 'string' },
  workers: { type: 'string', default: `${availableParallelism()}` },
  delegations: { type: 'string', default: '100000' },
  'no-peers': { type: 'boolean', default: false },
  entries: { type: 'string', default: '1000000' },
  clients: { type: 'string' },
  grants: { type: 'string' },
  profile: { type: 'string' },
  'slow-senders': { type: 'string' },
  reloads: { type: 'string' },
  soak: { type: 'string' },
  start: { type: 'string' },
  audit: { type: 'string' },
  nodes: { type: 'string' },
  output: { type: 'string', short: 'o', default: 'table' },
  json: { type: 'string' },
  plot: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Values = ReturnType<typeof parse>['values'];

/** @throws {Misuse} */
export function readArguments(args: string[]): Asked {
  const { values, positionals } = parse(args);
  const { output, help, json, plot } = values;
  if (output !== 'table' && output !== 'json') throw new Misuse(`--output is table or json, not ${output}`);
  const what = whatIsAsked(values, positionals);
  const growth = growthAsked(values);
  if (plot !== undefined && what !== 'tokens' && what !== 'growth' && what !== 'nodes')
    throw new Misuse(`--plot draws targets, and ${what} has none`);
  return {
    ...{ what, output, help, extent: extent(values), peers: !values['no-peers'], profile: values.profile ?? '' },
    workers: count('workers', values.workers, 256),
    delegations: count('delegations', values.delegations, 1_000_000),
    rate: count('rate', values.rate ?? RATE, 100_000),
    entries: count('entries', values.entries, 3_000_000),
    senders: count('slow-senders', values['slow-senders'] ?? '1', 15_000),
    reloads: count('reloads', values.reloads ?? '1', 1_000),
    soak: count('soak', values.soak ?? '1', 86_400),
    starts: count('start', values.start ?? '1', 1_000),
    nodes: count('nodes', values.nodes ?? '1', 16),
    records: count('audit', values.audit ?? '1', 100_000_000),
    ...(growth && { growth }),
    ...(json !== undefined && { json }),
    ...(plot !== undefined && { plot }),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new Misuse(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The modes that an option of the same name asks for. A large store is a mode of its own, or what starts are measured on. */
const MODES = ['profile', 'slow-senders', 'reloads', 'soak', 'start', 'audit', 'nodes'] as const;

function whatIsAsked(values: Values, positionals: readonly string[]): What {
  if (positionals.length > 1 || (positionals.length === 1 && positionals[0] !== 'certificates'))
    throw new Misuse(`there is nothing called ${positionals.join(' ')}`);
  const modes: What[] = MODES.filter((mode) => values[mode] !== undefined);
  if (positionals.length === 1) modes.push('certificates');
  if ((values.clients !== undefined || values.grants !== undefined) && !modes.includes('start')) modes.push('growth');
  if (modes.length > 1) throw new Misuse(`one at a time: ${modes.join(', ')}`);
  return modes[0] ?? 'tokens';
}

function extent(values: Values): Extent {
  return {
    rounds: count('rounds', values.rounds, 1_000),
    tokens: count('tokens', values.tokens, MOST_TOKENS),
    connections: count('connections', values.connections, 1_000),
    warmUp: count('warm-up', values['warm-up'], MOST_TOKENS),
    ...(values.rate !== undefined && { rate: count('rate', values.rate, 100_000) }),
  };
}

function growthAsked({ clients, grants }: Values): Growth | undefined {
  if (clients === undefined && grants === undefined) return undefined;
  if (clients === undefined || grants === undefined) throw new Misuse('--clients and --grants go together');
  return { clients: count('clients', clients, 5_000_000), grants: count('grants', grants, 50_000_000) };
}

function count(option: string, text: string, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > most) throw new Misuse(`--${option} is a whole number from 1 to ${most}, not ${text}`);
  return number;
}
