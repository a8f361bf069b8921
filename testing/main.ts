import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { announce } from '../cli/dev-server.ts';
import { temporaryData } from '../cli/operator/dev-data.ts';
import { madeUpWorld, type ReadyWorld, worldOfFile } from '../cli/operator/dev-world.ts';
import { devConfig } from '../server/config.ts';
import type { Log } from '../server/core/ports.ts';
import type { TokenFault } from '../server/core/token-fault.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { startServer } from '../server/main.ts';
import { assertFault, assertOptions, type PortvaktOptions } from './options.ts';
import { type TokenAnswer, TokenRefused } from './refused.ts';
import { type TestClient, TestClients, type TestRequest } from './test-client.ts';
import { TurnedClock } from './turned-clock.ts';

export type { TokenFault } from '../server/core/token-fault.ts';
export type { PortvaktOptions } from './options.ts';
export { type TokenAnswer, TokenRefused } from './refused.ts';
export type { TestClient, TestKey, TestRequest } from './test-client.ts';
export type { TurnedClock } from './turned-clock.ts';

/** A server under test: the production server with a world, in this process, until it is stopped. */
export type Portvakt = AsyncDisposable & {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** Where it keeps its data, and the clients' keys; it goes when the server stops. */
  readonly dataDir: string;
  readonly clients: readonly TestClient[];
  readonly clock: Pick<TurnedClock, 'now' | 'date'> & {
    /** Lets time pass, for the server and for the commands that are run against it. @throws {RangeError} */
    turn(seconds: number): Promise<void>;
  };
  /** A signed assertion, by the server's clock. @throws {TypeError} for a client or a key that is not there */
  assertion(request: TestRequest): Promise<string>;
  /** Sends an assertion to the token endpoint, and hands back whatever it answers. */
  ask(assertion: string): Promise<TokenAnswer>;
  /** An access token; with a fault, one that an API has to refuse. @throws {TokenRefused} with the code of the refusal */
  token(request: TestRequest & { readonly fault?: TokenFault }): Promise<string>;
  /** Stops the server and removes its data. A second call waits for the first; whatever else is asked of it from now on rejects. */
  stop(): Promise<void>;
};

/**
 * Starts the server that `portvakt dev` runs, as one worker in this process: the same rules, keys and store as in production.
 * @throws {WorldMistakes} naming every mistake of the world file
 * @throws {TypeError | RangeError} for an option, or a value of one, that there is not
 * @throws the system's error when the port is taken
 */
export async function startPortvakt(options: PortvaktOptions = {}): Promise<Portvakt> {
  assertOptions(options);
  const clock = new TurnedClock(options.at);
  const data = await temporaryData();
  try {
    return await start(options, { dataDir: data.path, clock, remove: data.leave });
  } catch (error) {
    await data.undo();
    throw error;
  }
}

type Place = { readonly dataDir: string; readonly clock: TurnedClock; readonly remove: () => Promise<void> };

async function start(options: PortvaktOptions, { dataDir, clock, remove }: Place): Promise<Portvakt> {
  const { port = 0, issuer: wished, keys, log = SILENT } = options;
  const world = await readWorld(options.world, { dataDir, now: Math.floor(clock.now()) });
  const config = devConfig({ dataDir, port, sourceKeys: world.sourceKeys, ...(wished !== undefined && { issuer: wished }) });
  const server = await startServer(config, { clock, monotonic: () => clock.monotonic(), log, prepare: world.install });
  const { issuer } = server;
  try {
    await world.writeClients(dataDir);
    const clients = await TestClients.of(dataDir, keys);
    const tell = () => announce({ issuer, data_dir: dataDir, pid: process.pid, clock_offset_seconds: clock.offset });
    const withdraw = await tell();
    const tokenEndpoint = new URL('token', `http://127.0.0.1:${server.port}/`).href;
    const assertion = (request: TestRequest) => clients.sign(request, { audience: issuer, now: clock.now() });
    let stopped: Promise<void> | undefined;
    const assertRuns = (): void => {
      if (stopped) throw new Error(`the server ${issuer} has been stopped`);
    };
    const ask = async (assertion: string) => {
      assertRuns();
      return send(tokenEndpoint, assertion);
    };
    const stop = (): Promise<void> => {
      stopped ??= withdraw().finally(() => server.close().finally(remove));
      return stopped;
    };
    return {
      ...{ issuer, tokenEndpoint, dataDir, clients: clients.list(), assertion, ask, stop },
      clock: {
        now: () => clock.now(),
        date: () => clock.date(),
        turn: async (seconds) => {
          assertRuns();
          clock.turn(seconds);
          await tell();
        },
      },
      token: async ({ fault, ...request }) => {
        assertRuns();
        if (fault !== undefined) assertFault(fault);
        const address = fault === undefined ? tokenEndpoint : new URL(`mint?fault=${fault}`, tokenEndpoint).href;
        return tokenOf(await send(address, await assertion(request)));
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

const SILENT: Log = { info() {}, warn() {}, error() {} };

async function readWorld(
  world: PortvaktOptions['world'],
  { dataDir, now }: { readonly dataDir: string; readonly now: number },
): Promise<ReadyWorld> {
  if (world === undefined) return madeUpWorld(now);
  if (world instanceof URL) return worldOfFile(fileURLToPath(world), now);
  if (typeof world === 'string') return worldOfFile(world, now);
  const file = join(dataDir, 'world.json');
  await writeFile(file, JSON.stringify(world), { mode: 0o600 });
  return worldOfFile(file, now);
}

async function send(endpoint: string, assertion: string): Promise<TokenAnswer> {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams({ grant_type: JWT_BEARER, assertion }) });
  return { status: response.status, body: (await response.json()) as TokenAnswer['body'] };
}

function tokenOf(answer: TokenAnswer): string {
  if (answer.status !== 200) throw new TokenRefused(answer);
  return String(answer.body.access_token);
}
