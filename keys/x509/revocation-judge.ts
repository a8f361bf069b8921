import type { RevocationPolicy } from '../../server/core/ports.ts';
import { type EpochSeconds, HOUR } from '../../server/core/time.ts';
import type { Path } from './chain.ts';
import { Refusal } from './refusal.ts';
import type { Responders } from './responders.ts';
import { type Revocable, revocables } from './revocation.ts';
import type { RevocationLists } from './revocation-lists.ts';

/** How long after its end a list still counts under `grace`, in seconds. Security reference §3 */
const GRACE = 24 * HOUR;

/** Who knows what is revoked: lists first, and where they do not answer, whoever is asked about one certificate. */
export type RevocationSources = { readonly lists: RevocationLists; readonly responders?: Responders };

/**
 * Holds a path to what its issuers have revoked, every certificate below the anchor. `PV-SEC-056`, security reference §3
 * @returns the last moment at which the answer is good; infinite when there is none and none is needed.
 * @throws {Refusal} revoked, under every policy but `off`; revocation
 */
export async function judgeRevocation(
  path: Path,
  policy: RevocationPolicy,
  { now, ...sources }: RevocationSources & { readonly now: EpochSeconds },
): Promise<number> {
  if (policy === 'off') return Number.POSITIVE_INFINITY;
  const grace = policy === 'grace' ? GRACE : 0;
  const moments: number[] = [];
  for (const revocable of revocables(path)) {
    const answer = await firstAnswer(revocable, { ...sources, grace, now });
    if (!(answer instanceof Refusal)) moments.push(answer);
    else if (answer.rule === 'revoked' || policy !== 'soft') throw answer;
  }
  return Math.min(...moments);
}

type Asking = RevocationSources & { readonly grace: number; readonly now: EpochSeconds };

async function firstAnswer(revocable: Revocable, { lists, responders, grace, now }: Asking): Promise<EpochSeconds | Refusal> {
  try {
    return lists.answer(revocable, grace, now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.rule === 'revoked' ? error : secondAnswer(revocable, error, { responders, now });
  }
}

/** Without anybody to ask, why the lists did not answer is the reason. */
async function secondAnswer(
  revocable: Revocable,
  refusal: Refusal,
  { responders, now }: { readonly responders: Responders | undefined; readonly now: EpochSeconds },
): Promise<EpochSeconds | Refusal> {
  try {
    return (await responders?.answer(revocable, now)) ?? refusal;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
