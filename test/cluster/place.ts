import cluster, { type Worker } from 'node:cluster';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import { Agent, fetch } from 'undici';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeWorld } from '../../fixtures/made-up-world.ts';
import { installWorld } from '../../fixtures/world.ts';
import { type RunningCluster, startCluster } from '../../server/cluster.ts';
import { type Config, devConfig } from '../../server/config.ts';
import type { Log, LogFields } from '../../server/core/ports.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';

// As a user has it: without what tap loads into every child, which takes longer than the server does.
delete process.env.NODE_OPTIONS;

// What the workers log is not the tests' to print.
cluster.setupPrimary({ silent: true });

/** A closed scope of the made-up world, which `demo-consumer` may use. */
export const SCOPE = 'prove:bygg.read';
/** How many workers it has. */
export const WORKERS = 2;
const now = Math.floor(Date.now() / 1000);
const made = makeWorld({ now });

/** A server of several workers, and one of its clients. */
export type Place = {
  readonly config: Config;
  readonly running: RunningCluster;
  readonly lines: { message: string; fields: LogFields }[];
  /** A fresh assertion, as a form. */
  readonly form: (jti?: string) => Promise<string>;
  /** For how long a token lives. */
  readonly lives: () => Promise<number>;
  /** Asks on a connection of its own; what comes back is the code of the refusal, or `token`. */
  readonly ask: (form: string, dispatcher?: Agent) => Promise<string>;
};

/** Starts it on the made-up world, in a data directory of its own, until the test ends. */
export async function start(t: Test, change: Partial<Config> = {}): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portvakt-test-'));
  const { world, clients } = await made;
  const lines: Place['lines'] = [];
  const keep = (message: string, fields: LogFields = {}): void => void lines.push({ message, fields });
  const log: Log = { info: keep, warn: keep, error: keep };
  const config = { ...devConfig({ dataDir, port: 0 }), ...change };
  const running = await startCluster(config, {
    log,
    workers: WORKERS,
    prepare: (storage, issuer) => installWorld(world, storage, { now, correlationId: '0'.repeat(32), issuer }),
  });
  t.teardown(async () => {
    await running.close();
    await rm(dataDir, { recursive: true });
  });
  const client = clients.find(({ name }) => name === 'demo-consumer') ?? clients[0];
  if (!client) throw new Error('no client in the made-up world');
  const form = async (jti?: string): Promise<string> => {
    const claims = { scope: SCOPE, ...(jti !== undefined && { jti }) };
    const assertion = await makeAssertion({ ...client, audience: running.issuer, now: Math.floor(Date.now() / 1000), claims });
    return new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();
  };
  const ask: Place['ask'] = async (body, dispatcher = new Agent({ connections: 1, keepAliveTimeout: 1 })) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const response = await fetch(`http://127.0.0.1:${running.port}/token`, { method: 'POST', body, headers, dispatcher });
    const { error_uri: uri } = (await response.json()) as { error_uri?: string };
    return uri?.split('/').at(-1) ?? 'token';
  };
  const lives = async (): Promise<number> => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const dispatcher = new Agent({ connections: 1, keepAliveTimeout: 1 });
    const response = await fetch(`http://127.0.0.1:${running.port}/token`, {
      method: 'POST',
      body: await form(),
      headers,
      dispatcher,
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return exp - iat;
  };
  return { config, running, lines, form, ask, lives };
}

/** Resolves when those are gone whose successors serve: until then they may answer. */
export async function replaced(): Promise<void> {
  while (pids().length > WORKERS) await pause(20);
}

/** Resolves when it is gone, whatever could not be told to it before. */
export function exited(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => worker.once('exit', resolve));
}

/** The workers that there are. */
export const pids = (): (number | undefined)[] => Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid);
