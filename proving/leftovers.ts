/** Undoes something at once: ends a process, removes a folder. Never waits. */
export type Undoing = () => void;

const left = new Set<Undoing>();

/**
 * Remembers what has to be undone if the benchmark is interrupted.
 * @returns forgets it again: called where it is undone in the ordinary way.
 */
export function leaveNothing(undo: Undoing): () => void {
  left.add(undo);
  return () => void left.delete(undo);
}

/** Has an interrupted benchmark leave no process and no file behind. The latest goes first: a process before its folder. */
export function undoWhenInterrupted(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      for (const undo of [...left].reverse()) undo();
      process.exit(code);
    });
  }
}
