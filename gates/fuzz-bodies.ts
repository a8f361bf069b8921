import { Connection } from '../proving/connection.ts';
import { type DataDirectory, makeDataDirectory } from '../proving/data-directory.ts';
import { worldOfRun } from '../proving/made-world.ts';
import { servePortvakt } from '../proving/portvakt.ts';
import { OPERATOR_SCOPE } from '../server/core/admin-scopes.ts';
import { operations } from '../server/selfservice/routes.ts';
import { type Mutant, mutantOf } from './bodies/mutant.ts';
import { differences, readOthers } from './bodies/others.ts';
import { type Sample, type Sender, samplesOf } from './bodies/samples.ts';
import { askForAccess, FRONT, MEMBER, MEMBER_CLIENT, MEMBER_SCOPES, OPERATOR_CLIENT, worldOfBodies } from './bodies/world.ts';
import { chanceOf, pick } from './chance.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { HANG, shortestTime } from './hang.ts';
import { accessToken, apiRequest } from './load/api-request.ts';
import { ofCases } from './of-cases.ts';

const FULL = 100_000;
const SHORT = 5_000;

/** Mutants that one server gets, which begins with what the made-up world holds. */
const SLICE = 5_000;

/** Processes of the server, and mutants under way at a time. */
const WORKERS = 2;
const CONNECTIONS = 16;

/** Changed bodies to every address of the self-service API that takes one. Security §6, G9, `PV-SEC-083`, `PV-SEC-084` */
export const fuzzBodies: Gate = ofCases({
  id: 'G9-bodies',
  cases: { full: FULL, short: SHORT },
  title: `${FULL} mutated self-service bodies: no crash, no 5xx, no hang above ${HANG} ms, nothing of another organisation changed`,
  run: ({ seed, from, to, tell }) => sendBodies({ seed, from, to, tell }),
});

type Bodies = { readonly seed: number; readonly from: number; readonly to: number; readonly tell: (line: string) => void };

/** Sends the mutants of these numbers. */
export async function sendBodies({ seed, from, to, tell }: Bodies): Promise<Outcome> {
  const found: Found = { answers: new Map(), accepted: 0, longest: 0, failures: [], slow: [] };
  for (let number = from; number < to; number += SLICE) {
    await sendSlice({ seed, from: number, to: Math.min(number + SLICE, to) }, found);
    tell(`${Math.min(number + SLICE, to)} bodies`);
  }
  if (found.accepted === 0) found.failures.push('none was accepted: nothing was shown');
  const answers = [...found.answers].toSorted(([, one], [, other]) => other - one);
  return {
    figures: {
      bodies: to - from,
      routes: ROUTES.length,
      answers: answers.map(([code, count]) => `${code} ${count}`).join(', '),
      'longest among others, ms': found.longest.toFixed(0),
      failures: found.failures.length,
    },
    failures: found.failures.slice(0, TOLD),
  };
}

const ROUTES = operations.filter(({ body }) => body !== undefined);

type Found = {
  readonly answers: Map<string, number>;
  accepted: number;
  longest: number;
  readonly failures: string[];
  /** What took long among others: it is tried again alone. */
  readonly slow: { readonly number: number; readonly request: Buffer }[];
};

type Slice = { readonly seed: number; readonly from: number; readonly to: number };

/** A server and what is sent to it. */
type Target = {
  readonly directory: DataDirectory;
  readonly samples: readonly { readonly method: string; readonly sample: Sample }[];
  readonly tokens: Readonly<Record<Sender, string>>;
};

async function sendSlice(slice: Slice, found: Found): Promise<void> {
  const made = await worldOfRun();
  const now = Math.floor(Date.now() / 1000);
  const directory = await makeDataDirectory(worldOfBodies(made.world, now), askForAccess);
  try {
    const server = await servePortvakt(directory, { workers: WORKERS });
    try {
      const known = await samplesOf(made, now);
      const samples = ROUTES.map(({ method, path }) => ({ method, sample: sampleOf(known, `${method} ${path}`) }));
      const target = { directory, samples, tokens: await tokensOf(directory, made.clients) };
      const workers = `${server.workers()}`;
      await prepare(target);
      await begin(target, found);
      const before = readOthers(directory.database, MEMBER, now);
      await sendAs(['member', 'front'], target, { slice, found });
      const changes = differences(before, readOthers(directory.database, MEMBER, now));
      found.failures.push(...changes.map((change) => `bodies ${slice.from} to ${slice.to - 1} changed ${change}`));
      await sendAs(['operator'], target, { slice, found });
      if (`${server.workers()}` !== workers) found.failures.push(`a worker crashed by bodies ${slice.from} to ${slice.to - 1}`);
    } finally {
      await server.stop();
    }
  } finally {
    await directory.remove();
  }
}

function sampleOf(known: ReadonlyMap<string, Sample>, route: string): Sample {
  const sample = known.get(route);
  if (!sample) throw new Error(`no body is known for ${route}`);
  return sample;
}

type Clients = Awaited<ReturnType<typeof worldOfRun>>['clients'];

async function tokensOf(directory: DataDirectory, clients: Clients): Promise<Record<Sender, string>> {
  const token = (name: string, scope: string): Promise<string> => {
    const client = clients.find((each) => each.name === name);
    if (!client) throw new Error(`no client ${name} in the made-up world`);
    return accessToken(directory, { ...client, scope });
  };
  return {
    member: await token(MEMBER_CLIENT, MEMBER_SCOPES.join(' ')),
    front: await token(MEMBER_CLIENT, FRONT),
    operator: await token(OPERATOR_CLIENT, OPERATOR_SCOPE),
  };
}

/** What no world holds, and samples are sent to: a key, a customer and a source. */
async function prepare({ directory, samples, tokens }: Target): Promise<void> {
  const connection = new Connection(directory.port);
  for (const { method, sample } of samples) {
    const above = sample.own.slice(0, sample.own.lastIndexOf('/'));
    if (method !== 'PUT' || !MADE_FIRST.some((end) => above.endsWith(end))) continue;
    const body = sample.body(0);
    const wish = above.endsWith('/jwks') ? { keys: [body] } : body;
    const request = { method: 'POST', path: above, token: tokens[sample.as], body: JSON.stringify(wish) };
    const answer = await connection.ask(apiRequest(directory.issuer, request));
    if (answer.status !== 200) throw new Error(`POST ${above}: ${answer.status} ${answer.body}`);
  }
  connection.close();
}

const MADE_FIRST = ['/jwks', '/onbehalfof', '/operator/sources'];

/** Every sample is taken as it is, or its mutants would only show that it is not. */
async function begin({ directory, samples, tokens }: Target, found: Found): Promise<void> {
  const connection = new Connection(directory.port);
  for (const { method, sample } of samples) {
    const safe = SAFE.includes(sample.own);
    const path = safe ? sample.own : `${sample.own}${sample.own.includes('?') ? '&' : '?'}dry_run=true`;
    const headers = method === 'PUT' ? { 'If-Match': '*' } : {};
    const request = { method, path, token: tokens[sample.as], body: JSON.stringify(sample.body(999_999)), headers };
    const { status, body } = await connection.ask(apiRequest(directory.issuer, request));
    if (status !== 200) found.failures.push(`${method} ${path} as it should be was answered with ${status}: ${body}`);
  }
  connection.close();
}

/** A POST that changes nothing cannot be tried. */
const SAFE = ROUTES.filter(({ safe }) => safe).map(({ path }) => path);

async function sendAs(
  senders: readonly Sender[],
  target: Target,
  { slice: { seed, from, to }, found }: { readonly slice: Slice; readonly found: Found },
): Promise<void> {
  const { directory, samples, tokens } = target;
  let number = from;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = new Connection(directory.port);
      while (number < to) {
        const own = number++;
        const next = chanceOf(seed, own);
        const { method, sample } = pick(samples, next);
        if (!senders.includes(sample.as)) continue;
        const mutant = mutantOf(method, sample, { next, number: own });
        const request = apiRequest(directory.issuer, { method, token: tokens[sample.as], ...mutant });
        await judge(connection, { number: own, mutant, request, found });
      }
      connection.close();
    }),
  );
  for (const { number: slow, request } of found.slow.splice(0)) {
    const took = await shortestTime(directory.port, request);
    if (took > HANG)
      found.failures.push(`body ${slow} took ${took.toFixed(0)} ms: ${request.toString('latin1').slice(0, SHOWN)}`);
  }
}

/** Of a request that is told, so many characters. */
const SHOWN = 2_000;

type Sent = { readonly number: number; readonly mutant: Mutant; readonly request: Buffer; readonly found: Found };

async function judge(connection: Connection, { number, mutant, request, found }: Sent): Promise<void> {
  const began = performance.now();
  const answer = await connection.ask(request).catch(() => undefined);
  const took = performance.now() - began;
  const code = answer ? (/\/errors\/([A-Z]+-\d+)"/.exec(answer.body)?.[1] ?? `${answer.status}`) : 'nothing';
  found.answers.set(code, (found.answers.get(code) ?? 0) + 1);
  found.longest = Math.max(found.longest, took);
  if (took > HANG) found.slow.push({ number, request });
  if (answer?.status === 200) found.accepted++;
  const fail = (what: string): void => void found.failures.push(`body ${number} ${what}: ${told(request)}`);
  if (!answer) fail('was not answered');
  else if (answer.status >= 500) fail(`was answered with ${answer.status}`);
  else if (answer.status < 200 || (answer.status >= 300 && code === `${answer.status}`)) fail(`got ${code} and no code`);
  else if (answer.status === 200 && mutant.isForeign) fail('was accepted for what is somebody else’s');
}

/** Without the token. */
function told(request: Buffer): string {
  return request
    .toString('latin1')
    .replace(/Bearer \S+/, 'Bearer …')
    .slice(0, SHOWN);
}
