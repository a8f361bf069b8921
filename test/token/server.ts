import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type AssertionOptions, makeAssertion } from '../../fixtures/assertion.ts';
import { type Credentials, makeWorld } from '../../fixtures/made-up-world.ts';
import type { TestCa } from '../../fixtures/test-ca.ts';
import { installWorld, type World } from '../../fixtures/world.ts';
import { type Config, devConfig } from '../../server/config.ts';
import type { Log, LogFields, Storage } from '../../server/core/ports.ts';
import type { TokenSettings } from '../../server/core/settings.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { LoopWatch } from '../../server/loop-watch.ts';
import { startServer } from '../../server/main.ts';

/** 2026-01-01T00:00:00Z, the moment that tests stand at until they turn the clock. */
export const START = 1767225600;

/** The made-up world, made once for all servers of a test file. */
const made = makeWorld({ now: START });

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
};

/** A real server on a file of its own with the made-up world, a clock to turn, and what tests say to it. */
export type TestServer = {
  readonly issuer: string;
  readonly port: number;
  /** Where it is watched, when the configuration says so. */
  readonly operationsPort: number | undefined;
  readonly dataDir: string;
  readonly clock: { time: number; now(): number };
  readonly lines: { message: string; fields: LogFields }[];
  readonly storage: Storage;
  /** The authorities that the server trusts, to make further certificates with. */
  readonly ca: TestCa;
  readonly client: (name: string) => Credentials;
  readonly assertion: (name: string, changes?: Partial<AssertionOptions>) => Promise<string>;
  readonly ask: (assertion: string) => Promise<Answer>;
  readonly post: (body: string | Buffer, headers?: Record<string, string>, path?: string) => Promise<Answer>;
  readonly get: (path: string, init?: RequestInit) => Promise<Answer>;
  /** Does what goes on in the background of certificates now, and waits for it. */
  readonly elapse: () => Promise<void>;
  /** Ends the server before the test does. */
  readonly close: () => Promise<void>;
};

export type Wishes = {
  readonly settings?: Partial<TokenSettings>;
  /** Changes the made-up world before it is installed. */
  readonly world?: (world: World, ca: TestCa) => World;
  /** What the configuration says besides. */
  readonly config?: Partial<
    Pick<
      Config,
      | 'authorities'
      | 'sourceKeys'
      | 'port'
      | 'environment'
      | 'operations'
      | 'proxies'
      | 'keys'
      | 'tls'
      | 'shutdown'
      | 'store'
      | 'issuer'
      | 'explanations'
    >
  >;
  /** What is admitted, where not as in `portvakt dev`. */
  readonly limits?: Partial<Config['limits']>;
  /** How certificates are judged, where not by the defaults. */
  readonly certificates?: Partial<Config['certificates']>;
  /** Another server's data directory, already filled: a second process on one store, or a start after a stop. */
  readonly dataDir?: string;
  /** The system's clock instead of the one that stands still, for clients that read it themselves. */
  readonly systemClock?: boolean;
  /** Takes the log's lines besides. */
  readonly log?: Log;
  /** Watches this process's event loop, which tests keep busy; unless told, by a clock that stands still. */
  readonly loop?: LoopWatch;
};

/** Starts a server that ends with the test. */
export async function startTestServer(
  t: Test,
  {
    settings = {},
    world = (same) => same,
    config: wished = {},
    certificates = {},
    limits = {},
    dataDir: shared,
    systemClock = false,
    log,
    loop = new LoopWatch(() => 0),
  }: Wishes = {},
): Promise<TestServer> {
  const dataDir = shared ?? (await mkdtemp(join(tmpdir(), 'portvakt-test-')));
  const { ca, clients, world: whole } = systemClock ? await makeWorld({ now: Date.now() / 1000 }) : await made;
  const clock = { time: START, now: () => (systemClock ? Date.now() / 1000 : clock.time) };
  const lines: TestServer['lines'] = [];
  const kept = Promise.withResolvers<Storage>();
  const background = new Set<() => Promise<void>>();
  const config = devConfig({ dataDir, port: 0, limits });
  const server = await startServer(
    {
      ...config,
      ...wished,
      token: { ...config.token, explainsToAll: false, ...settings },
      certificates: { ...config.certificates, ...certificates },
    },
    {
      clock,
      // It is turned, and never wrong.
      monotonic: clock.now,
      every: (_, work) => {
        background.add(work);
        return () => void background.delete(work);
      },
      log: keepLines(lines, log),
      loop,
      prepare: async (storage, issuer) => {
        const installation = { now: Math.floor(clock.now()), correlationId: '0'.repeat(32), issuer };
        if (shared === undefined) await installWorld(world(whole, ca), storage, installation);
        kept.resolve(storage);
      },
    },
  );
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= server.close();
    return closed;
  };
  t.teardown(async () => {
    await close();
    if (shared === undefined) await rm(dataDir, { recursive: true });
  });
  const { issuer, port, operationsPort } = server;
  const client = (name: string): Credentials => {
    const found = clients.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no client ${name} in the made-up world`);
    return found;
  };
  const request = async (path: string, init?: RequestInit): Promise<Answer> =>
    read(await fetch(`http://127.0.0.1:${port}${path}`, init));
  const post: TestServer['post'] = (body, headers = {}, path = '/token') =>
    request(path, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } });
  return {
    ...{
      issuer,
      port,
      operationsPort,
      dataDir,
      clock,
      lines,
      ca,
      storage: await kept.promise,
      client,
      post,
      get: request,
      close,
    },
    elapse: async () => {
      // A change of the trust comes first: it says which lists are to be had.
      for (const work of [...background].reverse()) await work();
    },
    assertion: (name, changes = {}) =>
      makeAssertion({ ...client(name), audience: issuer, now: Math.floor(clock.now()), ...changes }),
    ask: (assertion) => post(new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString()),
  };
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json') && text !== '';
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : {} };
}

function keepLines(lines: TestServer['lines'], log?: Log): Log {
  const keep =
    (level: keyof Log): Log['info'] =>
    (message, fields = {}) => {
      lines.push({ message, fields });
      log?.[level](message, fields);
    };
  return { info: keep('info'), warn: keep('warn'), error: keep('error') };
}

/**
 * Claims that an answer is a refusal in the contract's shape: code, status, `error`, the phrase with its trace id, an `error_uri`
 * that ends in the code, and the headers of a private answer. Contract §3.1
 */
export function refused(
  t: Test,
  answer: Answer,
  { code, status, error, phrase }: { code: string; status: number; error: string; phrase: string },
): void {
  t.equal(answer.status, status, `${code} has status ${status}`);
  t.equal(answer.body.error, error);
  const { error_description: description, error_uri: uri } = answer.body as Record<string, string>;
  t.ok(description?.includes(phrase), `says "${phrase}": ${description}`);
  t.match(description, / \(trace_id: [0-9a-f]{32}\)$/);
  t.match(uri, new RegExp(`/errors/${code}$`));
  t.equal(answer.headers.get('content-type'), 'application/json');
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.equal(answer.headers.get('www-authenticate'), null);
  t.same(Object.keys(answer.body).sort(), ['error', 'error_description', 'error_uri']);
}
