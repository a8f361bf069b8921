import { writeFile } from 'node:fs/promises';
import { undoWhenInterrupted } from '../proving/leftovers.ts';
import { canWatch } from '../proving/process-tree.ts';
import { type Asked, HELP, Misuse, readArguments } from './arguments.ts';
import { measureAsked } from './modes/modes.ts';
import { machine, machineLine } from './report/machine.ts';
import type { Outcome } from './report/outcome.ts';
import { plot } from './report/plot.ts';

// npm run bench. Exit code 1 when the figures mean nothing or do not hold what they claim, 2 when it was asked in the wrong way.

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const asked = readArguments(args);
    if (asked.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (!canWatch()) throw new Misuse('the CPU of a server is read from /proc, which this system does not have: run it on Linux');
    undoWhenInterrupted();
    return await report(await measureAsked(asked, tell), asked);
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    tell(`✗ ${error.message}\n\n${HELP}`);
    return 2;
  }
}

async function report({ lines, json, failures, bars = [] }: Outcome, asked: Asked): Promise<number> {
  const forProgram = `${JSON.stringify({ machine: machine(), ...json, failures }, null, 2)}\n`;
  process.stdout.write(asked.output === 'json' ? forProgram : `${[machineLine(), ...lines].join('\n')}\n`);
  if (asked.json !== undefined) await writeFile(asked.json, forProgram);
  if (asked.plot !== undefined) await writeFile(asked.plot, plot(bars, machineLine()));
  for (const failure of failures) tell(`✗ ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
