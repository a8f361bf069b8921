/**
 * Does the work and closes all that it opened, the last first, also when it fails or something of it does not close.
 * @param work names what is to be closed later.
 * @throws what failed, work or closing; an AggregateError where several did
 */
export async function closing<T>(work: (later: (close: () => Promise<void>) => void) => Promise<T>): Promise<T> {
  const opened: (() => Promise<void>)[] = [];
  const [worked] = await Promise.allSettled([work((close) => void opened.push(close))]);
  const failures: unknown[] = worked.status === 'rejected' ? [worked.reason] : [];
  for (const close of opened.reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1) throw new AggregateError(failures, failures.join('; '));
  if (worked.status === 'rejected' || failures.length > 0) throw failures[0];
  return worked.value;
}
