import type { PublicJwk } from './client.ts';
import { CLOCK_SKEW, DOCUMENT_MAX_AGE } from './settings.ts';
import type { SigningAlgorithm } from './signing-algorithm.ts';
import { DAY, type EpochSeconds, HOUR, MINUTE } from './time.ts';

/**
 * The life of a signing key, in this order. `generated`: made, and nobody is shown it; `pending`: published, not signing; `active`: the
 * one of its algorithm that signs; `retired`: published, signing no more; `removed`: gone, but for its record. `PV-SEC-098`
 */
export const SIGNING_KEY_STATES = ['generated', 'pending', 'active', 'retired', 'removed'] as const;
export type SigningKeyState = (typeof SIGNING_KEY_STATES)[number];

/** A signing key of the server, its public side. The private key lies in the data directory. */
export type SigningKeyRecord = {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly jwk: PublicJwk;
  readonly created: EpochSeconds;
  readonly state: SigningKeyState;
  /** When each state began; absent where it was never in it, or skipped it in an emergency. */
  readonly published?: EpochSeconds;
  readonly activated?: EpochSeconds;
  readonly retired?: EpochSeconds;
  readonly removed?: EpochSeconds;
};

/** How long consumers are told to keep the keys, in seconds. Contract §4.2 */
const KEPT_BY_CONSUMERS = DAY;

/** How long a key is published before it signs, in seconds: whoever keeps `/jwk` for its time knows it by then. `PV-SEC-098` */
export const PENDING_AT_LEAST = Math.max(KEPT_BY_CONSUMERS, 2 * DOCUMENT_MAX_AGE);

/** How long a key stays published after its last signature, in seconds: its last token has ended by then. `PV-SEC-098`, contract §4.2 */
export const RETIRED_AT_LEAST = HOUR + Math.max(KEPT_BY_CONSUMERS, DOCUMENT_MAX_AGE) + CLOCK_SKEW;

/** Whether anyone is shown the key. */
export function isPublished({ state }: SigningKeyRecord): boolean {
  return state === 'pending' || state === 'active' || state === 'retired';
}

/** When the key signs, or may sign at the earliest; undefined where nobody has been shown it. */
export function signsFrom({ state, created, published, activated }: SigningKeyRecord): EpochSeconds | undefined {
  if (activated !== undefined) return activated;
  if (state === 'pending') return (published ?? created) + PENDING_AT_LEAST;
  return state === 'generated' || state === 'removed' ? undefined : created;
}

/** When a retired key may be taken out of `/jwk` at the earliest; undefined for any other. */
export function publishedUntil({ state, created, retired }: SigningKeyRecord): EpochSeconds | undefined {
  return state === 'retired' ? (retired ?? created) + RETIRED_AT_LEAST : undefined;
}

/** What a process that serves says of itself: which keys it could sign with. */
export type KeyHolder = {
  /** Its own name, which no other process has. */
  readonly process: string;
  /** Where it runs, for people: processes of one node share it. */
  readonly node: string;
  readonly at: EpochSeconds;
  readonly kids: readonly string[];
};

/** What the processes on one store say, each of itself. Nothing is registered by it: no version rises. `PV-SEC-099` */
export interface KeyHolders {
  /** Keeps it in place of what the process said before; what has been silent for a day goes. */
  put(holder: KeyHolder): Promise<void>;
  remove(process: string): Promise<void>;
  /** By node, then process. */
  list(): Promise<KeyHolder[]>;
}

/** How long a process counts as one that serves after it last said so, in seconds: three times what lies between two. */
const SERVES_FOR = 3 * MINUTE;

/**
 * The nodes with a process that serves and says, since the key was published, that it could not sign with it. Of a key that neither signs
 * nor waits to, none. `PV-SEC-099`
 */
export function nodesWithout(
  { kid, state, created, published = created }: SigningKeyRecord,
  holders: readonly KeyHolder[],
  now: EpochSeconds,
): readonly string[] {
  if (state !== 'pending' && state !== 'active') return [];
  const serving = holders.filter(({ at }) => at > published && Math.abs(now - at) <= SERVES_FOR);
  return [...new Set(serving.filter(({ kids }) => !kids.includes(kid)).map(({ node }) => node))];
}

/** The key of the algorithm that signs. */
export function activeKey(keys: readonly SigningKeyRecord[], alg: SigningAlgorithm): SigningKeyRecord | undefined {
  return keys.find((key) => key.alg === alg && key.state === 'active');
}

/** What is due without anybody asking for it. */
export type RotationStep =
  | { readonly does: 'publish'; readonly alg: SigningAlgorithm }
  | { readonly does: 'activate' | 'remove'; readonly kid: string };

/** By what it is told what is due. */
export type RotationPlan = {
  readonly algorithms: readonly SigningAlgorithm[];
  /** How long a key signs, in seconds; absent: until somebody says otherwise. */
  readonly rotateEvery?: number;
  readonly now: EpochSeconds;
};

/**
 * The steps that are due: a retired key goes when its time is over; where keys are rotated by themselves, the next one is published so
 * early that it may sign when the time of the one before is over, and signs then. `PV-SEC-098`
 */
export function stepsDue(
  keys: readonly SigningKeyRecord[],
  { algorithms, rotateEvery, now }: RotationPlan,
): readonly RotationStep[] {
  const over = keys.filter((key) => (publishedUntil(key) ?? Number.POSITIVE_INFINITY) <= now);
  const removals = over.map(({ kid }): RotationStep => ({ does: 'remove', kid }));
  if (rotateEvery === undefined) return removals;
  return [...removals, ...algorithms.flatMap((alg) => nextStep(keys, alg, { ends: rotateEvery, now }))];
}

function nextStep(
  keys: readonly SigningKeyRecord[],
  alg: SigningAlgorithm,
  { ends, now }: { readonly ends: number; readonly now: EpochSeconds },
): readonly RotationStep[] {
  const active = activeKey(keys, alg);
  if (!active) return [];
  const until = (active.activated ?? active.created) + ends;
  const next = keys.find((key) => key.alg === alg && key.state === 'pending');
  if (!next) return until - PENDING_AT_LEAST <= now ? [{ does: 'publish', alg }] : [];
  return until <= now && (signsFrom(next) ?? now) <= now ? [{ does: 'activate', kid: next.kid }] : [];
}
