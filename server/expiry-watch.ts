import { endingsTable, type Measures } from './core/measures.ts';
import type { Clock, Every, Log, Storage } from './core/ports.ts';
import { DAY, type EpochSeconds, HOUR } from './core/time.ts';
import { countEndings, describeEndings, type EndingSources } from './registry/endings.ts';

/** Where it is looked up. */
type Sources = EndingSources & { readonly storage: Pick<Storage, 'signingKeys'> };

/** By what clock it looks, how often, and where it tells. */
type Watching = {
  readonly clock: Clock;
  readonly every: Every;
  readonly log: Log;
  readonly measures: Measures;
};

/**
 * Counts every hour what on this server ends soon, and logs it, a line at the start and one a day, by kind: no names. Nothing that ends,
 * no line. With it goes the age of the server's own key.
 * @returns what ends it
 */
export function watchEndings(sources: Sources, { clock, every, log, measures }: Watching): () => Promise<void> {
  let told = Number.NEGATIVE_INFINITY;
  const count = async (now: EpochSeconds): Promise<void> => {
    const counts = await countEndings(sources, now);
    measures.endings = endingsTable(counts);
    const signing = (await sources.storage.signingKeys.list()).filter(({ state }) => state === 'active');
    if (signing.length > 0) measures.signingSince = Math.min(...signing.map(({ activated, created }) => activated ?? created));
    if (now < told + DAY) return;
    told = now;
    const [first, ...rest] = describeEndings(counts);
    if (first !== undefined) log.warn('something ends soon', { detail: [first, ...rest].join(', ') });
  };
  const look = async (): Promise<void> => {
    try {
      await count(Math.floor(clock.now()));
    } catch (error) {
      log.error('what ends soon could not be counted', { error: String(error) });
    }
  };
  let looking = look();
  const stop = every(HOUR, () => {
    looking = looking.then(look);
    return looking;
  });
  return async () => {
    stop();
    await looking;
  };
}
