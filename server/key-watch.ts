import { tidy } from '../keys/key-care.ts';
import type { KeyPlace } from '../keys/key-change.ts';
import { rotate } from '../keys/rotation.ts';
import type { ClockWatch } from './clock.ts';
import type { Every, Log } from './core/ports.ts';
import type { KeySettings } from './core/settings.ts';
import type { SigningAlgorithm } from './core/signing-algorithm.ts';
import type { RotationStep } from './core/signing-key.ts';
import { MINUTE } from './core/time.ts';
import type { KeyHolding } from './key-holding.ts';

/** What is rotated, by which settings and clock, how often it is looked at, and where it is told of. */
type Watching = {
  readonly algorithms: readonly SigningAlgorithm[];
  readonly settings: Pick<KeySettings, 'rotateEvery'>;
  readonly holding: Pick<KeyHolding, 'tell'>;
  readonly watch: Pick<ClockWatch, 'steady'>;
  readonly every: Every;
  readonly log: Log;
};

/**
 * Says every minute which signing keys this process holds, and does what is due at them, once however many processes look: those whose
 * time is over are removed, and where the settings say so the next ones are published and activated. While the clock is not to be
 * believed nothing is done, nor in the first look after one that failed. `PV-SEC-098`, `PV-SEC-099`
 * @returns what ends it
 */
export function watchKeys(place: KeyPlace, watching: Watching): () => Promise<void> {
  const { algorithms, settings, holding, watch, every, log } = watching;
  const fail = (error: unknown): void =>
    log.error('the signing keys could not be rotated', { error: error instanceof Error ? error.message : String(error) });
  const plan = { algorithms, ...(settings.rotateEvery !== undefined && { rotateEvery: settings.rotateEvery }) };
  let isHeard = true;
  const look = async (): Promise<void> => {
    // What has kept this process from saying it may have kept the others: they have until the next look to say it, too.
    const wasHeard = isHeard;
    isHeard = false;
    try {
      isHeard = watch.steady() && (await holding.tell());
      if (!isHeard || !wasHeard) return;
      for (const step of await rotate(place, plan, fail)) log.info('the signing keys were rotated', { detail: spell(step) });
      await tidy(place);
    } catch (error) {
      fail(error);
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
