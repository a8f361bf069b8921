import { tidy } from '../keys/key-care.ts';
import type { KeyPlace } from '../keys/key-change.ts';
import { rotate } from '../keys/rotation.ts';
import type { ClockWatch } from './clock.ts';
import type { Every, Log } from './core/ports.ts';
import type { KeySettings } from './core/settings.ts';
import type { SigningAlgorithm } from './core/signing-algorithm.ts';
import type { RotationStep } from './core/signing-key.ts';
import { MINUTE } from './core/time.ts';

/** What is rotated, by which settings and clock, how often it is looked at, and where it is told of. */
type Watching = {
  readonly algorithms: readonly SigningAlgorithm[];
  readonly settings: Pick<KeySettings, 'rotateEvery'>;
  readonly watch: Pick<ClockWatch, 'steady'>;
  readonly every: Every;
  readonly log: Log;
};

/**
 * Does every minute what is due at the signing keys, once however many processes look: those whose time is over are removed, and where
 * the settings say so the next ones are published and activated. While the clock is not to be believed nothing is done. `PV-SEC-098`
 * @returns what ends it
 */
export function watchKeys(place: KeyPlace, { algorithms, settings, watch, every, log }: Watching): () => Promise<void> {
  const plan = { algorithms, ...(settings.rotateEvery !== undefined && { rotateEvery: settings.rotateEvery }) };
  const look = async (): Promise<void> => {
    if (!watch.steady()) return;
    try {
      for (const step of await rotate(place, plan)) log.info('the signing keys were rotated', { detail: spell(step) });
      await tidy(place);
    } catch (error) {
      log.error('the signing keys could not be rotated', { error: error instanceof Error ? error.message : String(error) });
    }
  };
  let looking = Promise.resolve();
  const stop = every(MINUTE, () => {
    looking = looking.then(look);
    return looking;
  });
  return async () => {
    stop();
    await looking;
  };
}

function spell(step: RotationStep): string {
  return step.does === 'publish'
    ? `a key for ${step.alg} was published`
    : `${step.kid} was ${step.does === 'activate' ? 'activated' : 'removed'}`;
}
