import { type Command, InvalidArgumentError, Option } from 'commander';
import { devConfig, isIssuer } from '../../server/config.ts';
import type { Clock } from '../../server/core/ports.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { listDevClients } from '../dev-client.ts';
import { announce, type DevServer } from '../dev-server.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { parseDuration } from '../moment.ts';
import { stopSignal } from '../signals.ts';
import { Terminal } from '../terminal.ts';
import { type DevData, persistentData, temporaryData } from './dev-data.ts';
import { describeWorld, type Ready, readyView } from './dev-summary.ts';
import { madeUpWorld, type ReadyWorld, worldOfFile } from './dev-world.ts';

/** `portvakt dev`: the server of `serve` with a made-up world, in the foreground until it is stopped. */
export function define(command: Command): void {
  command
    .description('Runs the server on this machine with a made-up world, until it is stopped.')
    .addOption(new Option('--port <port>', 'TCP port; 0 takes a free one').env('PORTVAKT_PORT').argParser(port).default(7300))
    .option('--issuer <url>', 'what the server calls itself; default: http://localhost:PORT/')
    .option('--seed <file>', 'wholly this world instead of the made-up one; see portvakt world')
    .option('--persist <dir>', 'keep the data here, and go on with what lies here')
    .addOption(
      new Option('--clock <when>', 'live at another time: an ISO date, or +2d, -1h').argParser(clockOffset).default(0, 'now'),
    )
    .action(async (options: DevOptions) => dev(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'a server at http://localhost:7300/ that forgets everything when it ends', run: 'portvakt dev' },
      { does: 'in a script: a free port, and one line of JSON when it is ready', run: 'portvakt dev --port 0 -o json' },
      { does: 'the day after tomorrow, with data that is kept', run: 'portvakt dev --clock +2d --persist ./world' },
    ],
    seeAlso: ['portvakt token get', 'portvakt world schema', 'portvakt serve'],
  });
}

type DevOptions = {
  readonly port: number;
  readonly issuer?: string;
  readonly seed?: string;
  readonly persist?: string;
  /** Seconds ahead of this machine's clock. */
  readonly clock: number;
};

function port(text: string): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number > 65535) throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return number;
}

function clockOffset(text: string): number {
  const duration = parseDuration(text.replace(/^[+-]/, ''));
  if (duration !== undefined) return text.startsWith('-') ? -duration : duration;
  const moment = Date.parse(text);
  if (Number.isNaN(moment)) throw new InvalidArgumentError('It is an ISO date such as 2027-01-31, or +2d, -1h.');
  return Math.round((moment - Date.now()) / 1000);
}

async function dev(options: DevOptions, terminal: Terminal): Promise<void> {
  const { issuer, persist } = options;
  if (issuer !== undefined && !isIssuer(issuer)) {
    throw new Failure('usage', `--issuer ${issuer} cannot be an issuer`, {
      fix: 'it is https (or http on localhost), a host alone, and a final slash: http://localhost:7300/',
    });
  }
  const stopped = stopSignal();
  const data = persist === undefined ? await temporaryData() : await persistentData(persist);
  const stop = await start(options, data, terminal).catch(async (error: unknown) => {
    await data.undo();
    throw error;
  });
  await stopped;
  await stop();
  await data.leave();
}

/** @returns what ends it. */
async function start(options: DevOptions, data: DevData, terminal: Terminal): Promise<() => Promise<void>> {
  const clock: Clock = { now: () => Date.now() / 1000 + options.clock };
  const world = data.used ? undefined : await readyWorld(options.seed, Math.floor(clock.now()));
  if (data.used && options.seed !== undefined) terminal.warn(`${data.path} holds a world already; ${options.seed} is not read`);
  const issuer = options.issuer !== undefined && { issuer: options.issuer };
  let holds: readonly string[] = [];
  const server = await startServer(devConfig({ dataDir: data.path, port: options.port, ...issuer }), {
    clock,
    prepare: async (storage) => {
      await world?.install(storage);
      holds = await describeWorld(storage);
    },
  });
  try {
    await world?.writeClients(data.path);
    const withdraw = await announce(notice(server, data, options.clock));
    for (const line of [about(data), ...holds]) terminal.say(line);
    await tell(server, data, terminal);
    return () => withdraw().finally(() => server.close());
  } catch (error) {
    await server.close();
    throw error;
  }
}

function readyWorld(seed: string | undefined, now: EpochSeconds): Promise<ReadyWorld> {
  return seed === undefined ? madeUpWorld(now) : worldOfFile(seed, now);
}

function notice({ issuer }: RunningServer, data: DevData, offset: number): DevServer {
  return { issuer, data_dir: data.path, pid: process.pid, clock_offset_seconds: offset };
}

function about({ kept, used }: DevData): string {
  if (used) return 'data            as it was left';
  return `data            ${kept ? 'kept in its folder' : 'a temporary folder, removed at exit   (--persist DIR keeps one)'}`;
}

async function tell({ issuer }: RunningServer, { path }: DevData, terminal: Terminal): Promise<void> {
  const clients = await listDevClients(path);
  const ready: Ready = {
    issuer,
    token_endpoint: new URL('token', issuer).href,
    data_dir: path,
    clients: clients.map(({ name, client_id, client_orgno, scopes }) => ({ name, client_id, client_orgno, scopes })),
  };
  await terminal.ready(ready, readyView(clients, calledAs()));
}

/** In a checkout the program has no name in PATH, and is called through npm. */
function calledAs(): string {
  return process.env.npm_lifecycle_event === 'portvakt' ? 'npm run -s portvakt --' : 'portvakt';
}
