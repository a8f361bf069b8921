import { randomInt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { closing } from '../../proving/closing.ts';
import { makeDataDirectory } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import type { LoadedServer } from '../../proving/portvakt.ts';
import { servePortvakt } from '../../proving/portvakt.ts';
import { type AssertionOrder, openPresigner, type Presigner } from '../../proving/presigner.ts';
import { type Asked, type Growth, Misuse } from '../arguments.ts';
import { clientId, type FilledStore, fillStore } from '../growth/fill.ts';
import { type Extent, measure } from '../measures/rounds.ts';
import { goal, type Outcome } from '../report/outcome.ts';
import { tokensOutcome } from '../report/tokens.ts';
import { portvaktTarget } from '../targets/portvakt-kinds.ts';
import type { Target } from '../targets/target.ts';

/** What the large store is compared with. */
const SMALL: Growth = { clients: 100, grants: 1_000 };

/** Times the CPU of the small one. performance.md */
const MOST = 1.15;

/** What a token costs on a large store, against one of a hundred clients, in the same rounds. @param tell hears of the progress. */
export async function measureGrowth({ extent, workers, growth }: Asked, tell: (line: string) => void): Promise<Outcome> {
  if (!growth) throw new Misuse('growth needs --clients and --grants');
  assertEnough(growth, extent);
  return closing(async (later) => {
    const presigner = openPresigner();
    later(() => presigner.close());
    const start = async (size: Growth): Promise<Target> => {
      const { world } = await worldOfRun();
      const directory = await makeDataDirectory(world);
      later(() => directory.remove());
      const began = performance.now();
      const store = await fillStore(directory.database, size, tell);
      const { size: octets } = await stat(directory.database);
      tell(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s: ${(octets / 2 ** 20).toFixed(0)} MiB`);
      const server = await servePortvakt(directory, { workers });
      later(() => server.stop());
      await warmFile(directory.database);
      return storeTarget(store, server, presigner);
    };
    const targets = [await start(SMALL), await start(growth)];
    const measurement = await measure(targets, extent, tell);
    const outcome = tokensOutcome(measurement, { ...extent, workers });
    const [small, large] = measurement.targets;
    const ratio = (large?.cpuPerToken ?? 0) / (small?.cpuPerToken ?? 0);
    return {
      ...outcome,
      lines: [
        ...outcome.lines,
        '',
        `${growth.clients} clients with a key each and ${growth.grants} accesses; every token to a random client, none twice`,
        goal(`CPU in that of ${SMALL.clients} clients`, ratio, MOST),
      ],
      json: { ...outcome.json, ...growth, cpu_ratio: ratio },
    };
  });
}

/** @throws {Misuse} when a large store had too few clients for none to ask twice */
function assertEnough({ clients }: Growth, { rounds, tokens, warmUp, rate }: Extent): void {
  const asked = warmUp + rounds * tokens * (rate === undefined ? 1 : 2) + 1;
  if (clients > SMALL.clients && asked > clients)
    throw new Misuse(`${asked} tokens are asked for, and none may go to a client twice: --clients must be as large`);
}

/** Every client of the small store again and again; those of a larger one at random and never twice. */
function storeTarget(store: FilledStore, server: LoadedServer, presigner: Presigner): Target {
  const pick = store.clients > SMALL.clients ? neverTwice(store.clients) : () => randomInt(store.clients);
  const kept = new Map<number, AssertionOrder>();
  const orderOf = (number: number): AssertionOrder => ({
    ...{ clientId: clientId(number), key: store.keys.privateKey(number), kid: 'key' },
    ...{ audience: server.issuer, scope: store.scope },
  });
  const next = (): AssertionOrder => {
    const number = pick();
    const order = kept.get(number) ?? orderOf(number);
    if (store.clients <= SMALL.clients) kept.set(number, order);
    return order;
  };
  return portvaktTarget(`${store.clients} clients`, { server, presigner, next });
}

function neverTwice(count: number): () => number {
  const asked = new Set<number>();
  return () => {
    let number = randomInt(count);
    while (asked.has(number)) number = randomInt(count);
    asked.add(number);
    return number;
  };
}

/** Reads the whole file once, so that the system keeps it in memory where there is enough. */
async function warmFile(file: string): Promise<void> {
  for await (const _ of createReadStream(file, { highWaterMark: 2 ** 20 }));
}
