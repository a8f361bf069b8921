import type { RevocationPolicy } from '../../server/core/ports.ts';
import { type EpochSeconds, HOUR, MINUTE } from '../../server/core/time.ts';
import type { Path } from './chain.ts';
import { attempt, Refusal } from './refusal.ts';
import type { Responders } from './responders.ts';
import { type Revocable, revocables } from './revocation.ts';
import type { RevocationLists } from './revocation-lists.ts';

/** How long after its end a list still counts under `grace` unless told, in seconds. Security reference §3 */
const GRACE = 24 * HOUR;

/** How long an acceptance without an answer is good under `soft`, in seconds: then it is asked again. */
const UNKNOWN_FOR = MINUTE;

/** Who knows what is revoked, and how they are asked. */
export type RevocationSources = {
  readonly lists: RevocationLists;
  /** Who is asked about one certificate; absent: nobody. */
  readonly responders?: Responders;
  /** Whether they are asked first, and lists where they do not answer; else the other way round. */
  readonly ocspFirst?: boolean;
  /** Seconds after its end that a list still counts under `grace`. */
  readonly grace?: number;
  /** Told when a certificate is accepted without an answer, under `soft`. Security reference §3 */
  readonly onUnknown?: (refusal: Refusal) => void;
};

type Asking = RevocationSources & { readonly now: EpochSeconds };

/**
 * Holds a path to what its issuers have revoked, every certificate below the anchor. `PV-SEC-056`, security reference §3
 * @returns the last moment at which the answer is good; infinite when there is none and none is needed.
 * @throws {Refusal} revoked, under every policy but `off`; revocation
 */
export async function judgeRevocation(path: Path, policy: RevocationPolicy, asking: Asking): Promise<number> {
  if (policy === 'off') return Number.POSITIVE_INFINITY;
  const grace = policy === 'grace' ? (asking.grace ?? GRACE) : 0;
  const moments: number[] = [];
  for (const revocable of revocables(path)) {
    const answer = await answerAbout(revocable, { ...asking, grace });
    if (!(answer instanceof Refusal)) moments.push(answer);
    else if (answer.rule === 'revoked' || policy !== 'soft') throw answer;
    else {
      asking.onUnknown?.(answer);
      moments.push(asking.now + UNKNOWN_FOR);
    }
  }
  return Math.min(...moments);
}

/** A list that names the certificate is enough, whoever is asked first. Why nobody answers is told by whoever was asked last. */
async function answerAbout(
  revocable: Revocable,
  { lists, responders, ocspFirst = false, grace = 0, now }: Asking,
): Promise<EpochSeconds | Refusal> {
  const listed = attempt(() => lists.answer(revocable, grace, now));
  const isListed = listed instanceof Refusal && listed.rule === 'revoked';
  if (isListed || (!(listed instanceof Refusal) && !ocspFirst)) return listed;
  const asked = await askAbout(revocable, responders, now);
  if (asked === undefined) return listed;
  const isAnswer = !(asked instanceof Refusal) || asked.rule === 'revoked';
  return isAnswer || listed instanceof Refusal ? asked : listed;
}

async function askAbout(
  revocable: Revocable,
  responders: Responders | undefined,
  now: EpochSeconds,
): Promise<EpochSeconds | Refusal | undefined> {
  try {
    return await responders?.answer(revocable, now);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
