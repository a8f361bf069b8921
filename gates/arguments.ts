import { parseArgs } from 'node:util';
import type { Gate } from './gate.ts';
import { GATES } from './gates.ts';

/** What the command line asks for. */
export type Chosen = {
  readonly gates: readonly Gate[];
  readonly isShort: boolean;
  readonly seed: number;
  readonly from: number;
  readonly help: boolean;
};

/** A command line that cannot be followed. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

export const HELP = `Runs what has to hold before a release and takes too long for the suite. Exit 1 when something does not hold.

  npm run -s gates -- [options] [GATE…]

  GATE               ${GATES.map(({ id }) => id).join(', ')}; G9
                     stands for all of its parts, and postgres for all gates on PostgreSQL (default: all)
  --short            the short forms: all of them within ten minutes
  --seed N           where chance begins (default: 1); a failure comes again from its seed
  --from N           number of the first case (default: 0): to go on with a run that was stopped, or look at one case again
  -h, --help
`;

const options = {
  short: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  from: { type: 'string', default: '0' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws {Misuse} */
export function readArguments(args: string[]): Chosen {
  const { values, positionals } = parse(args);
  const { short, seed, from, help } = values;
  const gates = positionals.length === 0 ? GATES : positionals.flatMap(gatesNamed);
  return { gates, isShort: short, seed: count('seed', seed), from: count('from', from), help };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new Misuse(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function gatesNamed(name: string): readonly Gate[] {
  const exact = GATES.filter(({ id }) => id === name);
  const named = exact.length > 0 ? exact : GATES.filter(({ id }) => id.startsWith(`${name}-`) || id.endsWith(`-${name}`));
  if (named.length === 0) throw new Misuse(`there is no gate ${name}`);
  return named;
}

function count(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Misuse(`--${option} is a whole number, not ${text}`);
  return Number(text);
}
