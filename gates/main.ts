import { type Chosen, HELP, Misuse, readArguments } from './arguments.ts';
import { runGates } from './run-gates.ts';

// npm run gates. Exit code 1 when a gate is not passed.

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const chosen: Chosen = readArguments(args);
    if (chosen.help) process.stdout.write(HELP);
    return chosen.help || (await runGates(chosen, process)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    process.stderr.write(`✗ ${error.message}\n\n${HELP}`);
    return 2;
  }
}
