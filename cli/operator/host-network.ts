import { NotFetched, type Reached, reach } from '../../keys/x509/download.ts';
import { isServed, type StoreReading } from '../../server/storage/upkeep.ts';
import { judgeSkew } from '../clock-skew.ts';
import { type Found, problem, type Skipped, skipped, warning } from '../health-check.ts';
import { reasonOf } from '../http.ts';
import type { Host } from './host.ts';
import { trustedHere } from './host-trust.ts';

const OFFLINE = skipped('--offline asks nobody');

/** An address that the server asks. */
type Address = {
  readonly url: string;
  readonly what: 'revocation list' | 'responder' | 'source';
  /** Whether tokens are refused without its answers. */
  readonly isNeeded: boolean;
};

async function addresses(host: Host, store: StoreReading): Promise<readonly Address[]> {
  const ofTrust = (await trustedHere(host, store)).flatMap(({ entry, isDemanded: isNeeded }): readonly Address[] => [
    ...(entry.crlUrls ?? []).map((url) => ({ url, what: 'revocation list', isNeeded }) as const),
    ...(entry.ocspUrl === undefined ? [] : [{ url: entry.ocspUrl, what: 'responder', isNeeded } as const]),
  ]);
  const ofSources = (await store.sources.list()).flatMap((source): readonly Address[] =>
    source.kind === 'altinn' && source.active ? [{ url: source.baseUrl, what: 'source', isNeeded: true }] : [],
  );
  const all = [...ofTrust, ...ofSources];
  return all.filter(({ url }, place) => all.findIndex((other) => other.url === url) === place);
}

/** Asks each address as the server would, all at once. `PV-SEC-054` */
export async function lookAtOutbound(host: Host): Promise<Found | readonly Found[]> {
  if (host.offline) return OFFLINE;
  const asked = await host.inStore((store) => addresses(host, store));
  if ('result' in asked) return asked;
  if (asked.length === 0) return 'the server asks nobody';
  return Promise.all(asked.map((address) => lookAtAddress(address, host)));
}

/** A list has to be there; of a responder or a source, which are not asked a question, any answer shows that they are. */
async function lookAtAddress({ url, what, isNeeded }: Address, host: Host): Promise<Found> {
  const judge = isNeeded ? problem : warning;
  const fix = 'look at the address, name servers, and what the firewall lets out';
  const allowPrivate = what === 'source' || host.config.certificates.allowPrivate;
  const answer = await answerOf(url, host, allowPrivate);
  if (typeof answer === 'string') return judge(`${what} ${url}: ${answer}`, fix);
  const isWell = what === 'revocation list' ? answer.status < 400 : answer.status < 500;
  const told = `${what} ${url}: answers ${answer.status}`;
  return isWell ? told : judge(told, 'correct the address, or ask who runs it');
}

/** @returns what stood in the way, in words, where nobody answered */
async function answerOf(url: string, { patience }: Host, allowPrivate: boolean): Promise<Reached | string> {
  try {
    return await reach(url, { time: patience, allowPrivate });
  } catch (error) {
    if (!(error instanceof NotFetched)) throw error;
    const late = error.message.startsWith('it took');
    return error.cause === undefined || late ? error.message : reasonOf(error);
  }
}

/**
 * Against whoever tells the time first: a revocation list's host, or the issuer, which may be this machine itself. What a list's host is
 * asked for is what the server fetches anyway.
 */
export async function lookAtClock(host: Host): Promise<Found> {
  if (host.offline) return OFFLINE;
  for (const url of await witnesses(host)) {
    const answer = await answerOf(url, host, true);
    const judged = typeof answer === 'string' ? undefined : judgeSkew(new URL(url).host, answer);
    if (judged !== undefined) return judged;
  }
  return warning('nobody told the time', 'see that the clock is kept right (NTP)');
}

/** Two lists' hosts at most: each may take its time not to answer. The store may be what is broken. */
async function witnesses(host: Host): Promise<readonly string[]> {
  const known = await host.inStore((store) => addresses(host, store)).catch((): Skipped => OFFLINE);
  const lists = 'result' in known ? [] : known.filter(({ what }) => what === 'revocation list').map(({ url }) => url);
  return [...lists.slice(0, 2), ...(host.config.issuer === undefined ? [] : [host.config.issuer])];
}

/** Whether a server has the data directory, and says that it is ready. */
export async function lookAtServing(host: Host): Promise<Found> {
  const { config, offline } = host;
  if (!isServed(config.dataDir)) return 'none runs on this data directory';
  if (offline) return 'one runs on this data directory';
  const url = readyAddress(config);
  const answer = await answerOf(url, host, true);
  if (typeof answer === 'string')
    return problem(`one runs on this data directory, and ${url} cannot be reached: ${answer}`, 'read its log');
  if (answer.status === 200) return `one runs on this data directory, and is ready: ${url}`;
  return problem(`one runs on this data directory, and is not ready: ${url} answers ${answer.status}`, 'read its log');
}

/** Where it is watched apart from clients, if anywhere: that is this machine for certain. */
function readyAddress({ operations: { listen }, issuer = '' }: Host['config']): string {
  if (!listen) return new URL('health/ready', issuer).href;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return `http://${host}:${listen.port}/health/ready`;
}
