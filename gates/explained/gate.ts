import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { type MadeUpWorld, makeWorld } from '../../fixtures/made-up-world.ts';
import { installWorld } from '../../fixtures/world.ts';
import { devConfig } from '../../server/config.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { chanceOf } from '../chance.ts';
import { type Gate, TOLD } from '../gate.ts';
import { ofCases } from '../of-cases.ts';
import { type Materials, makeRequest } from './request.ts';

const FULL = 10_000;
const SHORT = 1_000;

/** The moment at which it all happens: 2026-01-01. */
const NOW = 1_767_225_600;

/** Once in so many a request is sent again. */
const AGAIN = 4;

/** The token endpoint beside its explanations: what would be answered, what is, and why it was. User experience §7 */
export const explained: Gate = ofCases({
  id: 'explain',
  cases: { full: FULL, short: SHORT },
  title: `${FULL} generated requests: explanations before and after say what the token endpoint says`,
  run: async ({ seed, from, to, tell }) => {
    const { answers, failures } = await compare({ seed, from, to }, tell);
    const codes = [...answers].toSorted(([, one], [, other]) => other - one);
    return {
      figures: {
        requests: [...answers.values()].reduce((sum, count) => sum + count, 0),
        codes: codes.length,
        answers: codes.map(([code, count]) => `${code} ${count}`).join(', '),
        disagreements: failures.length,
      },
      failures: failures.slice(0, TOLD),
    };
  },
});

type Found = { readonly answers: Map<string, number>; readonly failures: string[] };

/** Sends the requests of a seed to a server of their own, each explained before it is sent and after. */
export async function compare(
  { seed, from, to }: { readonly seed: number; readonly from: number; readonly to: number },
  tell: (line: string) => void = () => {},
): Promise<Found> {
  const found: Found = { answers: new Map(), failures: [] };
  const made = await makeWorld({ now: NOW });
  const dataDir = await mkdtemp(join(tmpdir(), 'portvakt-explained-'));
  const server = await serve(dataDir, made);
  try {
    const asker = await Asker.of(server, made);
    const materials: Materials = { clients: made.clients, issuer: server.issuer, now: NOW };
    for (let number = from; number < to; number++) {
      const next = chanceOf(seed, number);
      const assertion = await makeRequest(materials, number, next);
      for (let times = next(AGAIN) === 0 ? 2 : 1; times > 0; times--) {
        const { code, differences } = await asker.ask(assertion);
        found.answers.set(code, (found.answers.get(code) ?? 0) + 1);
        found.failures.push(...differences.map((what) => `request ${number}: ${what}: ${assertion}`));
      }
      if (number % 1_000 === 999) tell(`${number + 1} requests`);
    }
    return found;
  } finally {
    await server.close();
    await rm(dataDir, { recursive: true });
  }
}

/** At one moment, so that an assertion means the same before and after, and with time to explain everything. */
function serve(dataDir: string, { world }: MadeUpWorld): Promise<RunningServer> {
  const config = devConfig({ dataDir, port: 0 });
  return startServer(
    { ...config, explanations: { ...config.explanations, perSecond: 1_000_000 } },
    {
      clock: { now: () => NOW },
      monotonic: () => NOW,
      every: () => () => {},
      log: { info: () => {}, warn: () => {}, error: () => {} },
      prepare: (storage, issuer) => installWorld(world, storage, { now: NOW, correlationId: '0'.repeat(32), issuer }),
    },
  );
}

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** Asks the token endpoint, and as the operator for explanations. */
class Asker {
  readonly #origin: string;
  readonly #token: string;

  private constructor(origin: string, token: string) {
    this.#origin = origin;
    this.#token = token;
  }

  static async of({ port, issuer }: RunningServer, { clients }: MadeUpWorld): Promise<Asker> {
    const operator = clients.find(({ name }) => name === 'demo-operator');
    if (!operator) throw new Error('the made-up world has an operator');
    const unsigned = new Asker(`http://127.0.0.1:${port}`, '');
    const wish = { ...operator, audience: issuer, now: NOW, scope: 'portvakt:operator' };
    const { body } = await unsigned.#request(await makeAssertion(wish));
    return new Asker(unsigned.#origin, `${body.access_token}`);
  }

  /** @returns what was answered, and where an explanation says something else. */
  async ask(assertion: string): Promise<{ readonly code: string; readonly differences: readonly string[] }> {
    const before = await this.#explained('POST', '/explanations', { assertion });
    const answer = await this.#request(assertion);
    const code = answer.status === 200 ? 'token' : codeOf(answer);
    const foretold = before.status === 200 ? verdictOf(before) : `nothing (${codeOf(before)})`;
    const differences = foretold === code ? [] : [`${foretold} was foretold, and ${code} answered`];
    if (code === 'token') return { code, differences };
    const id = /trace_id: ([0-9a-f]{32})/.exec(`${answer.body.error_description}`)?.[1] ?? '';
    const after = await this.#explained('GET', `/explanations/${id}`);
    const told = after.status === 200 ? verdictOf(after) : `nothing (${codeOf(after)})`;
    return { code, differences: told === code ? differences : [...differences, `${code} was answered, and ${told} explained`] };
  }

  #request(assertion: string): Promise<Answer> {
    const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion });
    return read(fetch(`${this.#origin}/token`, { method: 'POST', body }));
  }

  #explained(method: string, path: string, body?: object): Promise<Answer> {
    const headers = { Authorization: `Bearer ${this.#token}`, ...(body && { 'Content-Type': 'application/json' }) };
    return read(fetch(`${this.#origin}/api/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) }));
  }
}

async function read(asked: Promise<Response>): Promise<Answer> {
  const response = await asked;
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

function codeOf({ body }: Answer): string {
  return `${body.error_uri}`.replace(/.*\//, '');
}

/** The code of an explanation where its checks bear it out: it is that of the first that fails, and without one none does. */
function verdictOf({ body }: Answer): string {
  const checks = body.checks as readonly { readonly result: string; readonly code?: string }[];
  const first = checks.find(({ result }) => result === 'fail')?.code;
  const isRefusal = body.outcome === 'refused' || body.outcome === 'would_refuse';
  if (first !== body.code || isRefusal !== (first !== undefined))
    return `${body.outcome} ${body.code} by checks that say ${first}`;
  return first ?? 'token';
}
