import type { Clock, Log } from './core/ports.ts';
import { DAY } from './core/time.ts';
import { countEndings, describeEndings, type EndingSources } from './registry/endings.ts';

/**
 * Logs what on this server ends soon, a line now and one a day, counted by kind: no names. Nothing that ends, no line.
 * @returns what ends it
 */
export function watchEndings(sources: EndingSources, clock: Clock, log: Log): () => Promise<void> {
  const look = async (): Promise<void> => {
    try {
      const [first, ...rest] = describeEndings(await countEndings(sources, Math.floor(clock.now())));
      if (first !== undefined) log.warn('something ends soon', { detail: [first, ...rest].join(', ') });
    } catch (error) {
      log.error('what ends soon could not be counted', { error: String(error) });
    }
  };
  let looking = look();
  const timer = setInterval(() => {
    looking = look();
  }, DAY * 1000).unref();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}
