import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';
import { spendKey } from './spend-key.ts';
import type { EpochSeconds } from './time.ts';

/**
 * The moments up to which a store cannot say which assertions were used. They only ever rise, so that what was refused once stays
 * refused. `PV-SEC-031`, `PV-SEC-036`
 */
export type ReplayFloor = {
  /** An assertion with an earlier `iat` may have been used where the store does not know of it: before a restore. */
  readonly issuedFrom: EpochSeconds;
  /**
   * The latest end of a spent assertion that has been removed: one that ends no later may be one of those. It lies minutes behind a
   * clock that runs straight, and ahead of one that was set back.
   */
  readonly forgotten: EpochSeconds;
};

/**
 * What may have been used before is refused, and nothing is spent on it: the floor never falls. A replay that is known is told as one.
 * @throws {Fault} PV-134, or MP-012
 */
export async function useWouldBeRemembered(grant: Grant): Promise<void> {
  const { storage, settings } = grant.ports;
  const { issuedFrom, forgotten } = (await grant.registers()).replayFloor;
  const { iat, exp } = grant.claims();
  const expires = exp + settings.expLeeway;
  if (iat >= issuedFrom && expires > forgotten) return;
  if (await storage.assertions.isSpent(spendKey(grant)))
    throw new Fault('MP-012', { expected: 'an assertion that has not been used' });
  const expected = iat < issuedFrom ? `iat from ${issuedFrom}` : `exp after ${forgotten - settings.expLeeway}`;
  throw new Fault('PV-134', { expected, got: iat < issuedFrom ? `${iat}` : `${exp}` });
}
