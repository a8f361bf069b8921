import { createHash } from 'node:crypto';
import { Fault, invalidField } from '../core/fault.ts';
import { DAY } from '../core/time.ts';
import type { Call, Route } from './route.ts';

/** How long a first result is answered again, in seconds. `PV-SEC-088` */
const KEPT_FOR = DAY;

/**
 * Runs a POST of our own resources, and when it comes again with its key, answers what it was answered first. Result and change
 * are one transaction, so that a crash cannot part them; what was refused is judged anew. `PV-SEC-088`
 * @param key the header `Idempotency-Key`.
 * @throws {Fault} PV-622 when the key came with another request, PV-601 for a key that is none
 */
export async function answerOnce(route: Route, call: Call, key: string): Promise<object | undefined> {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw invalidField('header', 'Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
  const { clientId } = call.caller;
  const request = digest(route, call);
  return call.change(async (changes) => {
    const first = await changes.firstResults.find(clientId, key);
    const kept = first && first.created > call.now - KEPT_FOR;
    if (kept && first.request !== request) throw new Fault('PV-622');
    if (kept) return first.answer;
    const answer = (await route.handle({ ...call, registers: changes, change: (work) => work(changes) })) ?? {};
    await changes.firstResults.prune(call.now, KEPT_FOR);
    await changes.firstResults.put({ clientId, key, request, answer, created: call.now });
    return answer;
  });
}

function digest({ path }: Route, { params, query, body }: Call): string {
  return createHash('sha256')
    .update(JSON.stringify([path, params, query, body]))
    .digest('base64url');
}
