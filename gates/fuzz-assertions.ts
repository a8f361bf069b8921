import { makeAssertion, signRaw } from '../fixtures/assertion.ts';
import type { Credentials } from '../fixtures/made-up-world.ts';
import { Connection } from '../proving/connection.ts';
import { tokenRequest } from '../proving/token-request.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { type Gate, TOLD } from './gate.ts';
import { HANG, shortestTime } from './hang.ts';
import { SCOPE, Trial } from './load/trial.ts';
import { mutate } from './mutate.ts';
import { mutateJson } from './mutate-json.ts';
import { ofCases } from './of-cases.ts';

const FULL = 1_000_000;
const SHORT = 20_000;

/** Mutants of one set of assertions, which live two minutes. */
const SLICE = 2_000;

/** Mutants under way at a time. */
const CONNECTIONS = 16;

/** Changed assertions through the token endpoint of a server with its workers. Security §6, G9 */
export const fuzzAssertions: Gate = ofCases({
  id: 'G9-assertions',
  cases: { full: FULL, short: SHORT },
  title: `${FULL} mutated assertions: no crash, no 5xx, no hang above ${HANG} ms, nothing wrongly accepted`,
  run: async ({ seed, from, to, tell }) => {
    const trial = await Trial.open();
    const found: Found = { answers: new Map(), failures: [], slow: [], longest: 0 };
    const workers = `${trial.server.workers()}`;
    try {
      for (let number = from; number < to; number += SLICE) {
        await fuzz(trial, { seed, from: number, to: Math.min(number + SLICE, to) }, found);
        if (number % 50_000 === 0) tell(`${number} mutants`);
      }
      if (`${trial.server.workers()}` !== workers) found.failures.push('a worker crashed');
      const codes = [...found.answers].toSorted(([, one], [, other]) => other - one);
      return {
        figures: {
          mutants: to - from,
          answers: codes.map(([code, count]) => `${code} ${count}`).join(', '),
          'longest among others, ms': found.longest.toFixed(0),
          failures: found.failures.length,
        },
        failures: found.failures.slice(0, TOLD),
      };
    } finally {
      await trial.close();
    }
  },
});

type Found = { readonly answers: Map<string, number>; readonly failures: string[]; longest: number; slow: Slow[] };

/** What took long among others: it is tried again alone. */
type Slow = { readonly number: number; readonly mutant: Mutant };
type Slice = { readonly seed: number; readonly from: number; readonly to: number };

/** A mutant, and whether an acceptance would be an error. */
type Mutant = { readonly request: Buffer; readonly isUnsigned: boolean; readonly text: string };

async function fuzz(trial: Trial, { seed, from, to }: Slice, found: Found): Promise<void> {
  const sources = await Promise.all(['demo-consumer', 'demo-chain'].map((name) => makeSource(trial, trial.client(name))));
  let number = from;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = new Connection(trial.directory.port);
      while (number < to) {
        const own = number++;
        const next = chanceOf(seed, own);
        await judge(trial, connection, { number: own, mutant: mutantOf(trial, pick(sources, next), next), found });
      }
      connection.close();
    }),
  );
  for (const { number: slow, mutant } of found.slow.splice(0)) {
    const took = await shortestTime(trial.directory.port, mutant.request);
    if (took > HANG) found.failures.push(`mutant ${slow} took ${took.toFixed(0)} ms: ${mutant.text}`);
  }
}

type Source = { readonly client: Credentials; readonly assertion: string };

async function makeSource(trial: Trial, client: Credentials): Promise<Source> {
  const order = { ...client, audience: trial.directory.issuer, scope: SCOPE, lifetime: 120, now: Date.now() / 1000 };
  return { client, assertion: await makeAssertion(order) };
}

/** Most are changed behind the signature's back: none of them may pass. The others are signed after the change, and reach the rules. */
function mutantOf(trial: Trial, { client, assertion }: Source, next: Chance): Mutant {
  const [header = '', payload = '', signature = ''] = assertion.split('.');
  const kind = next(8);
  if (kind === 0) return sent(trial, signRaw(decoded(header), mutateJson(decoded(payload), next), client.key), false);
  if (kind === 1) return sent(trial, signRaw(mutateJson(decoded(header), next), decoded(payload), client.key), false);
  const text =
    kind === 2
      ? [encoded(mutateJson(decoded(header), next)), payload, signature].join('.')
      : kind === 3
        ? [header, encoded(mutateJson(decoded(payload), next)), signature].join('.')
        : kind === 4
          ? misshapen([header, payload, signature], next)
          : mutate(Buffer.from(assertion), next).toString('latin1');
  return sent(trial, text, text !== assertion);
}

/** Parts left out, doubled, exchanged or padded. */
function misshapen(parts: readonly string[], next: Chance): string {
  const [place, other] = [next(3), next(3)];
  const [part = '', with_ = ''] = [parts[place], parts[other]];
  return pick(
    [
      parts.toSpliced(place, 1),
      parts.toSpliced(place, 0, part),
      parts.toSpliced(place, 1, with_),
      parts.toSpliced(place, 1, `${part}=`),
      parts.toSpliced(place, 1, ''),
      [...parts, ''],
    ],
    next,
  ).join('.');
}

function sent({ directory }: Trial, assertion: string, isUnsigned: boolean): Mutant {
  return { request: tokenRequest(directory.issuer, { grant_type: JWT_BEARER, assertion }), isUnsigned, text: assertion };
}

async function judge(
  trial: Trial,
  connection: Connection,
  { number, mutant, found }: { readonly number: number; readonly mutant: Mutant; readonly found: Found },
): Promise<void> {
  const began = performance.now();
  const answer = await connection.ask(mutant.request).catch(() => undefined);
  const took = performance.now() - began;
  const code = answer ? (/\/errors\/([A-Z]+-\d+)"/.exec(answer.body)?.[1] ?? `${answer.status}`) : 'nothing';
  found.answers.set(code, (found.answers.get(code) ?? 0) + 1);
  found.longest = Math.max(found.longest, took);
  const fail = (what: string): void => void found.failures.push(`mutant ${number} ${what}: ${mutant.text}`);
  if (!answer) fail('was not answered');
  else if (answer.status >= 500) fail(`was answered with ${answer.status}`);
  else if (mutant.isUnsigned && (code === '200' || code === 'MP-012')) fail('was accepted with a signature of something else');
  else if (code === '200' && !mutant.isUnsigned) assertDeserved(trial, mutant.text, fail);
  if (took > HANG) found.slow.push({ number, mutant });
}

/** A judgement of its own on what was signed and got a token: who may be served at all. */
function assertDeserved(trial: Trial, assertion: string, fail: (what: string) => void): void {
  const [header = '', payload = ''] = assertion.split('.').map(decoded);
  const { alg } = JSON.parse(header) as Record<string, unknown>;
  const { iss, aud, iat, exp, jti, scope } = JSON.parse(payload) as Record<string, unknown>;
  const now = Date.now() / 1000;
  if (alg !== 'RS256') fail(`got a token with the algorithm ${alg}`);
  if (!trial.isClient(iss)) fail('got a token for nobody');
  if (aud !== trial.directory.issuer && !(Array.isArray(aud) && aud.includes(trial.directory.issuer)))
    fail('got a token with an assertion for somebody else');
  if (
    typeof iat !== 'number' ||
    typeof exp !== 'number' ||
    iat > now + 11 ||
    exp < now - 5 ||
    Math.trunc(exp) - Math.trunc(iat) > 120
  )
    fail('got a token outside of its time');
  if (jti !== undefined && (typeof jti !== 'string' || jti.length < 1 || jti.length > 255)) fail('got a token with such a jti');
  if (typeof scope !== 'string' || !scope.split(' ').every((one) => one === SCOPE || one === 'prove:kart.read'))
    fail('got a token for such a scope');
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString();
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}
