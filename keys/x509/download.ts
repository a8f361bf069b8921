import { lookup as systemLookup } from 'node:dns';
import { createWriteStream } from 'node:fs';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Agent, request } from 'undici';

/** What may be fetched, and at what cost. `PV-SEC-054` */
export type DownloadLimits = {
  readonly bytes: number;
  /** Milliseconds for all of it. */
  readonly time: number;
  /** Whether addresses of the own machine and network may be asked. */
  readonly allowPrivate: boolean;
  /** Ends it before its time. */
  readonly signal?: AbortSignal;
};

/** Nothing was fetched, for a reason that holds nothing of what was answered. */
export class NotFetched extends Error {
  override readonly name = 'NotFetched';
}

const MAX_REDIRECTS = 3;

/**
 * Fetches an address into a file, as a stream: http or https, redirects within its own host alone, no address of a private network
 * unless that is allowed, no more than the limits. `PV-SEC-054`
 * @throws {NotFetched} a file that was begun is left for the caller to remove.
 */
export async function download(url: string, file: string, limits: DownloadLimits): Promise<void> {
  await within(limits, (means) => follow(new URL(url), file, means));
}

/** Sends a question to an address, and reads its answer: no redirects, otherwise as {@link download}. @throws {NotFetched} */
export async function ask(
  url: string,
  question: { readonly type: string; readonly body: Buffer },
  limits: DownloadLimits,
): Promise<Buffer> {
  return within(limits, async (means) => {
    assertAllowed(new URL(url), means);
    const { type, body: sent } = question;
    const asked = {
      method: 'POST',
      headers: { 'content-type': type },
      body: sent,
      dispatcher: means.agent,
      signal: means.signal,
    } as const;
    const { statusCode, body } = await means.request(url, asked);
    if (statusCode !== 200) {
      await body.dump();
      throw new NotFetched(`status ${statusCode}`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of bounded(body, means.bytes)) chunks.push(chunk);
    return Buffer.concat(chunks);
  });
}

/**
 * Asks an address, and leaves unread what it answers: no redirects, otherwise as {@link download}.
 * @throws {NotFetched} its cause tells more
 */
export async function reach(url: string, limits: Omit<DownloadLimits, 'bytes'>): Promise<Reached> {
  return within({ ...limits, bytes: 0 }, async (means) => {
    assertAllowed(new URL(url), means);
    const sent = Date.now();
    const { statusCode, headers, body } = await means.request(url, { dispatcher: means.agent, signal: means.signal });
    const received = Date.now();
    body.on('error', () => {}).destroy();
    const { date, age } = headers;
    return {
      ...{ status: statusCode, sent, received },
      ...(typeof date === 'string' && { date }),
      ...(typeof age === 'string' && { age }),
    };
  });
}

/** What an address answered: its status, the two headers that tell the time, and when it was asked, in milliseconds. RFC 9110 §6.6.1 */
export type Reached = {
  readonly status: number;
  readonly date?: string;
  readonly age?: string;
  readonly sent: number;
  readonly received: number;
};

async function within<T>(limits: DownloadLimits, fetch: (means: Means) => Promise<T>): Promise<T> {
  // Loaded by the first who fetches: a server that fetches nothing starts sooner.
  const { Agent, request } = await import('undici');
  const agent = new Agent({ connect: { lookup: limits.allowPrivate ? systemLookup : publicLookup } });
  const timeout = AbortSignal.timeout(limits.time);
  const signal = limits.signal ? AbortSignal.any([timeout, limits.signal]) : timeout;
  try {
    return await fetch({ ...limits, agent, request, signal });
  } catch (cause) {
    if (cause instanceof NotFetched) throw cause;
    throw new NotFetched(timeout.aborted ? `it took more than ${limits.time / 1000} s` : 'it could not be reached', { cause });
  } finally {
    await agent.destroy();
  }
}

type Means = DownloadLimits & {
  readonly agent: Agent;
  readonly request: typeof request;
  readonly signal: AbortSignal;
};

async function follow(first: URL, file: string, means: Means): Promise<void> {
  let url = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    assertAllowed(url, means);
    const { statusCode, headers, body } = await means.request(url, { dispatcher: means.agent, signal: means.signal });
    if (statusCode === 200) return save(body, file, means);
    await body.dump();
    const { location } = headers;
    if (statusCode < 300 || statusCode > 399 || typeof location !== 'string') throw new NotFetched(`status ${statusCode}`);
    const next = new URL(location, url);
    if (next.hostname !== first.hostname) throw new NotFetched('a redirect to another host');
    url = next;
  }
  throw new NotFetched('too many redirects');
}

function assertAllowed({ protocol, hostname }: URL, { allowPrivate }: DownloadLimits): void {
  if (protocol !== 'http:' && protocol !== 'https:') throw new NotFetched('neither http nor https');
  const address = hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(address) !== 0 && isPrivate(address)) throw new NotFetched('an address of a private network');
}

async function save(body: AsyncIterable<Uint8Array>, file: string, { bytes, signal }: Means): Promise<void> {
  await pipeline(bounded(body, bytes), createWriteStream(file, { mode: 0o600, flush: true }), { signal });
}

async function* bounded(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > bytes) throw new NotFetched(`more than ${bytes} octets`);
    yield chunk;
  }
}

/** The address that is connected to is the one that was looked at: no second look-up can give another one. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    const refusal =
      error ?? (addresses.some(({ address }) => isPrivate(address)) ? new NotFetched('an address of a private network') : null);
    const [first] = addresses ?? [];
    if (refusal || !first) return callback(refusal ?? new NotFetched('a host without an address'), '', 0);
    if (options.all) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};

/** Loopback, private, link-local, shared, multicast, reserved. RFC 6890 */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

/** An IPv4 address written as one of IPv6 is judged as what it is. */
function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
