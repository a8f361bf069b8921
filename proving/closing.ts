/** Does the work and closes all that it opened, the last first, also when it fails. @param work names what is to be closed later. */
export async function closing<T>(work: (later: (close: () => Promise<void>) => void) => Promise<T>): Promise<T> {
  const opened: (() => Promise<void>)[] = [];
  try {
    return await work((close) => void opened.push(close));
  } finally {
    for (const close of opened.reverse()) await close();
  }
}
