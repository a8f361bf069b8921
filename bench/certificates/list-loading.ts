import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openPresigner } from '../../proving/presigner.ts';
import { tlv } from '../../test/keys/encode.ts';
import { key, makeIssuing, makeList, makeRoot } from '../../test/keys/pki.ts';
import { applyLoad } from '../load/closed-loop.ts';
import { median, percentile } from '../load/statistics.ts';
import type { Loading } from './fetched-list.ts';
import { type ListingTarget, startListing } from './listing-target.ts';

/** What a large revocation list costs, alone and beside tokens. */
export type ListLoading = {
  /** Megabytes that are fetched. */
  readonly megabytes: number;
  /** While nothing else is asked of the server. */
  readonly alone: Loading;
  /** Milliseconds of a token. */
  readonly undisturbed: Latencies;
  readonly whileLoading: Latencies;
  /** How often the list was loaded meanwhile. */
  readonly loads: number;
  /** Requests that got no token. */
  readonly errors: number;
};

type Latencies = { readonly p50: number; readonly p99: number; readonly longest: number };

export type ListExtent = { readonly entries: number; readonly tokens: number; readonly rounds: number };

/** Few: with many a closed loop measures its own queue. */
const CONNECTIONS = 4;

/** Serves a list of so many entries, and has a server load it over and over while it issues tokens. */
export async function measureListLoading(
  { entries, tokens, rounds }: ListExtent,
  tell: (line: string) => void,
): Promise<ListLoading> {
  tell(`making a list of ${entries} entries`);
  const authority = makeIssuing(makeRoot(), 'issuing');
  const list = makeLongList(authority, entries);
  const { url, close } = await serve(list);
  const presigner = openPresigner();
  try {
    const target = await startListing(presigner, { url, issuer: authority.der.toString('base64') });
    try {
      await load(target, tokens);
      const alone: Loading[] = [];
      for (let n = 0; n < rounds; n++) alone.push((await target.server.work()) as Loading);
      tell('tokens, undisturbed and while the list is loaded');
      return { megabytes: list.length / 2 ** 20, alone: typical(alone), ...(await compare(target, { tokens, rounds })) };
    } finally {
      await target.server.stop();
    }
  } finally {
    await presigner.close();
    await close();
  }
}

async function compare(target: ListingTarget, { tokens, rounds }: Pick<ListExtent, 'tokens' | 'rounds'>) {
  const [undisturbed, whileLoading]: [Latencies[], Latencies[]] = [[], []];
  const sum = { loads: 0, errors: 0 };
  for (let n = 0; n < rounds; n++) {
    const quiet = await load(target, tokens);
    const busy = await loadWhile(target, tokens);
    undisturbed.push(quiet);
    whileLoading.push(busy);
    sum.loads += busy.loads;
    sum.errors += quiet.errors + busy.errors;
  }
  return { undisturbed: middle(undisturbed), whileLoading: middle(whileLoading), ...sum };
}

/** The server begins with the next load as soon as one is done, until all tokens are there. */
async function loadWhile(target: ListingTarget, tokens: number): Promise<Latencies & { errors: number; loads: number }> {
  const requests = await target.requests(tokens);
  const state = { isOver: false, loads: 0 };
  const loading = async (): Promise<void> => {
    for (; !state.isOver; state.loads++) await target.server.work();
  };
  const [latencies] = await Promise.all([send(target, requests).finally(() => (state.isOver = true)), loading()]);
  return { ...latencies, loads: state.loads };
}

async function load(target: ListingTarget, tokens: number): Promise<Latencies & { errors: number }> {
  return send(target, await target.requests(tokens));
}

async function send(
  { server: { port } }: ListingTarget,
  requests: readonly Uint8Array[],
): Promise<Latencies & { errors: number }> {
  const { latencies, errors } = await applyLoad(requests, { port, connections: CONNECTIONS });
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), longest: percentile(latencies, 1), errors };
}

function middle(rounds: readonly Latencies[]): Latencies {
  const of = (figure: (one: Latencies) => number): number => median(rounds.map(figure));
  return { p50: of(({ p50 }) => p50), p99: of(({ p99 }) => p99), longest: of(({ longest }) => longest) };
}

/** The loading whose time is the middle one, the others the worst of all. */
function typical(loadings: readonly Loading[]): Loading {
  const sorted = loadings.toSorted((one, other) => one.seconds - other.seconds);
  const one = sorted[Math.floor(sorted.length / 2)];
  if (!one) throw new RangeError('nothing was loaded');
  return {
    ...one,
    stall: Math.max(...loadings.map(({ stall }) => stall)),
    turn: Math.max(...loadings.map(({ turn }) => turn)),
    grown: Math.max(...loadings.map(({ grown }) => grown)),
  };
}

/** Serial numbers of 16 random octets, each entry 35 octets long. */
function makeLongList(authority: Parameters<typeof makeList>[0], entries: number): Buffer {
  const now = Math.floor(Date.now() / 1000);
  const date = tlv(0x17, Buffer.from('250101000000Z'));
  const header = Buffer.from([0x30, 18 + date.length, 0x02, 16]);
  const size = header.length + 16 + date.length;
  const all = randomFillSync(Buffer.alloc(entries * size));
  for (let at = 0; at < all.length; at += size) {
    header.copy(all, at);
    const first = at + header.length;
    all[first] = ((all[first] ?? 0) & 0x3f) | 0x40;
    date.copy(all, first + 16);
  }
  return makeList({ ...authority, key: key('issuing') }, { revoked: [all], thisUpdate: now - 60, nextUpdate: now + 86_400 });
}

async function serve(list: Buffer): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((_, response) => response.end(list)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.crl`, close };
}
