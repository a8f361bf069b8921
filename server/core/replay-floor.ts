import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';
import { spendKey } from './spend-key.ts';
import { type EpochSeconds, MINUTE } from './time.ts';

/** What a store cannot say of assertions: whether they were used. What was refused once for it stays refused. `PV-SEC-031`, `PV-SEC-036` */
export type ReplayFloor = {
  /** An assertion with an earlier `iat` may have been used where the store does not know of it: before a restore. It only rises. */
  readonly issuedFrom: EpochSeconds;
  /**
   * When the spent assertions ended that have been removed: one that ends then may be one of those. Behind a clock that runs straight
   * that is long ago. A clock that ran ahead and was set back leaves a span ahead of it, and all that is before it is free.
   */
  readonly forgotten: readonly ForgottenSpan[];
};

/** Both ends belong to it. */
export type ForgottenSpan = { readonly since: EpochSeconds; readonly until: EpochSeconds };

/** Spans no further apart than this are one: the ends of what is used at one time lie within a lifetime of it. */
const NEAR = 2 * MINUTE;

/** Most spans that are kept. Those nearest to each other are joined first: so a span that lies apart stays apart. */
const MOST = 32;

/** The spans when assertions that ended at these moments have been removed, too; they follow one another and do not touch. */
export function forgetting(spans: readonly ForgottenSpan[], ends: readonly EpochSeconds[]): readonly ForgottenSpan[] {
  const ordered = [...spans, ...ends.map((end) => ({ since: end, until: end }))].sort((a, b) => a.since - b.since);
  let joined = joinedWithin(ordered, NEAR);
  while (joined.length > MOST) joined = joinedWithin(joined, narrowestGap(joined));
  return joined;
}

function joinedWithin(ordered: readonly ForgottenSpan[], gap: number): ForgottenSpan[] {
  const joined: ForgottenSpan[] = [];
  for (const span of ordered) {
    const last = joined.at(-1);
    if (!last || span.since - last.until > gap) joined.push(span);
    else joined[joined.length - 1] = { since: last.since, until: Math.max(last.until, span.until) };
  }
  return joined;
}

function narrowestGap(spans: readonly ForgottenSpan[]): number {
  return Math.min(...spans.slice(1).map(({ since }, place) => since - (spans[place]?.until ?? since)));
}

/** Whether an assertion that ends then may have been used and forgotten. */
export function isForgotten(spans: readonly ForgottenSpan[], end: EpochSeconds): boolean {
  return spans.some(({ since, until }) => since <= end && end <= until);
}

/**
 * What may have been used before is refused, and nothing is spent on it. A replay that is known is told as one.
 * @throws {Fault} PV-134, or MP-012
 */
export async function useWouldBeRemembered(grant: Grant): Promise<void> {
  const { storage, settings } = grant.ports;
  const { issuedFrom, forgotten } = (await grant.registers()).replayFloor;
  const { iat, exp } = grant.claims();
  const isBelow = iat < issuedFrom;
  if (!isBelow && !isForgotten(forgotten, exp + settings.expLeeway)) return;
  if (await storage.assertions.isSpent(spendKey(grant)))
    throw new Fault('MP-012', { expected: 'an assertion that has not been used' });
  const expected = isBelow ? `iat from ${issuedFrom}` : 'an end at which no used assertion has been forgotten';
  throw new Fault('PV-134', { expected, got: isBelow ? `iat ${iat}` : `exp ${exp}` });
}
