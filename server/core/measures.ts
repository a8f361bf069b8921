import { catalogue, type FaultCode } from './catalogue.ts';
import { Distribution } from './distribution.ts';
import { ENDING_KINDS, type EndingKind, WARNINGS, type Warning } from './endings.ts';
import type { EpochSeconds } from './time.ts';

/** How a client proved who it is: by a registered key, or by an enterprise certificate. */
export const PROOFS = ['kid', 'x5c'] as const;
export type Proof = (typeof PROOFS)[number];

/** In whose name a token is: the client's own organisation's, a customer's, or by a system user or a consent. */
export const ACTINGS = ['self', 'supplier', 'system_user', 'consent'] as const;
export type Acting = (typeof ACTINGS)[number];

/** Registers that the token path keeps copies of. */
export const CACHED = ['clients', 'organizations', 'scopes', 'accesses', 'delegations'] as const;
export type Cached = (typeof CACHED)[number];

/** How often a copy served, and how often the store had to be asked. */
export type CacheUse = { hits: number; misses: number };

/** Of each durable commit that requests share: how many share it, and how many seconds it took. */
export type CommitMeasures = { readonly entries: Distribution; readonly seconds: Distribution };

/** What the store counts of itself. */
export type StoreMeasures = { failures: number; readonly commits: CommitMeasures };

/**
 * What one process counts and sees of itself, since its start. Plain numbers that whoever does the work raises in place: on the token
 * path that is an addition, and nobody builds a text or looks anything up. Each has a place from the start, so that nothing a client
 * sends can make one. `PV-SEC-105`
 */
export type Measures = {
  readonly issued: Readonly<Record<Proof, Record<Acting, number>>>;
  readonly refused: Record<FaultCode, number>;
  unproven: number;
  /** Seconds that token requests took, by how they ended. */
  readonly seconds: { readonly issued: Distribution; readonly refused: Distribution };
  readonly store: StoreMeasures;
  readonly caches: Readonly<Record<Cached, CacheUse>>;
  readonly refreshes: { renewed: number; failed: number };
  readonly logged: { info: number; warn: number; error: number };
  /** Explanations of refusals: kept, not worked out for want of time, and not taken by the store. */
  readonly explanations: { kept: number; busy: number; failed: number };
  clockJumps: number;
  pruned: number;
  /** When everything that was over had been removed the last time. */
  cleared?: EpochSeconds;
  /** What ends soon, as it was counted last; absent before. */
  endings?: Readonly<Record<EndingKind, Readonly<Record<Warning, number>>>>;
  /** When the key that signs was made; of several algorithms, the oldest of the keys that sign. */
  signingSince?: EpochSeconds;
  /** When the TLS certificate ends; absent without TLS. */
  tlsEnds?: EpochSeconds;
};

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const ENTRIES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Everything at nought. */
export function createMeasures(): Measures {
  return {
    issued: { kid: noughts(ACTINGS), x5c: noughts(ACTINGS) },
    refused: noughts(Object.keys(catalogue) as FaultCode[]),
    unproven: 0,
    seconds: { issued: new Distribution(SECONDS), refused: new Distribution(SECONDS) },
    store: { failures: 0, commits: { entries: new Distribution(ENTRIES), seconds: new Distribution(SECONDS) } },
    caches: record(CACHED, () => ({ hits: 0, misses: 0 })),
    refreshes: { renewed: 0, failed: 0 },
    logged: { info: 0, warn: 0, error: 0 },
    explanations: { kept: 0, busy: 0, failed: 0 },
    clockJumps: 0,
    pruned: 0,
  };
}

/** Sorts counts of what ends by kind and days; what has none is nought. */
export function endingsTable(
  counts: readonly { readonly kind: EndingKind; readonly withinDays: Warning; readonly count: number }[],
): NonNullable<Measures['endings']> {
  const of = (kind: EndingKind, days: Warning): number =>
    counts.find((each) => each.kind === kind && each.withinDays === days)?.count ?? 0;
  return record(ENDING_KINDS, (kind) => record(WARNINGS, (days) => of(kind, days)));
}

function noughts<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return record(names, () => 0);
}

function record<Name extends string | number, Value>(names: readonly Name[], make: (name: Name) => Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, Value>;
}
