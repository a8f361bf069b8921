import { EXITS } from './exit.ts';

/** Lets Ctrl-C end a command that asks others for something: there is nothing to clean up. */
export function exitWhenInterrupted(): void {
  process.once('SIGINT', exit);
}

/** For so long a further signal is an echo of the first, in milliseconds: npm passes on the Ctrl-C that the terminal sent to all. */
const ECHO = 1_000;

/**
 * Takes the signals over for a command that runs until it is stopped.
 * @returns at the first of these signals; one more after a second ends the process at once.
 */
export function stopSignal(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const stop = () => {
      first ??= performance.now();
      if (performance.now() - first > ECHO) exit();
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
    // Last: a signal that came meanwhile would be lost between the two.
    process.off('SIGINT', exit);
  });
}

function exit(): void {
  process.exit(EXITS.interrupted.code);
}
