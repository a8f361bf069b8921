import type { Clock, Every, Log } from './core/ports.ts';
import { DAY } from './core/time.ts';
import { countEndings, describeEndings, type EndingSources } from './registry/endings.ts';

/** By what clock it looks, how often, and where it tells. */
type Watching = { readonly clock: Clock; readonly every: Every; readonly log: Log };

/**
 * Logs what on this server ends soon, a line now and one a day, counted by kind: no names. Nothing that ends, no line.
 * @returns what ends it
 */
export function watchEndings(sources: EndingSources, { clock, every, log }: Watching): () => Promise<void> {
  const look = async (): Promise<void> => {
    try {
      const [first, ...rest] = describeEndings(await countEndings(sources, Math.floor(clock.now())));
      if (first !== undefined) log.warn('something ends soon', { detail: [first, ...rest].join(', ') });
    } catch (error) {
      log.error('what ends soon could not be counted', { error: String(error) });
    }
  };
  let looking = look();
  const end = every(DAY, () => {
    looking = look();
    return looking;
  });
  return async () => {
    end();
    await looking;
  };
}
