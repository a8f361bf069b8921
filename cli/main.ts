import { createProgram } from './program.ts';
import { exitWhenInterrupted } from './signals.ts';
import type { GlobalOptions } from './terminal.ts';

/** Runs one command line, and sets the exit code that tells how it went. @param args without Node and the file. */
export async function main(args: readonly string[]): Promise<void> {
  standWhereTheCallerStands();
  surviveAClosedPipe();
  exitWhenInterrupted();
  const [first, ...words] = args;
  if (first === '__complete') return (await import('./complete.ts')).complete(words);
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const { report } = await import('./report.ts');
    process.exitCode = report(error, program.opts<GlobalOptions>());
  }
}

/** `npm run portvakt` in a checkout runs in the checkout; relative paths are meant from where npm was called. */
function standWhereTheCallerStands(): void {
  const { INIT_CWD, npm_lifecycle_event, npm_package_name } = process.env;
  if (INIT_CWD && npm_lifecycle_event === 'portvakt' && npm_package_name === 'portvakt') process.chdir(INIT_CWD);
}

/** `portvakt … | head` closes the pipe early, which is no error. */
function surviveAClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
