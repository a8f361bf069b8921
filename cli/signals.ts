import { EXITS } from './exit.ts';

/** Lets Ctrl-C end a command that asks others for something: there is nothing to clean up. */
export function exitWhenInterrupted(): void {
  process.once('SIGINT', exit);
}

/**
 * Takes the signals over for a command that runs until it is stopped.
 * @returns the first of SIGINT, SIGTERM and SIGHUP; the same signal once more ends the process at once.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  process.off('SIGINT', exit);
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
}

function exit(): void {
  process.exit(EXITS.interrupted.code);
}
