import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Every, ListReport, Log, RevocationData, TrustEntry } from '../../server/core/ports.ts';
import { type EpochSeconds, HOUR, MINUTE } from '../../server/core/time.ts';
import { type Tracing, untraced } from '../../server/core/tracing.ts';
import { type DownloadLimits, download, NotFetched } from './download.ts';
import { loadList } from './load-list.ts';
import { Refusal } from './refusal.ts';
import type { RevocationList } from './revocation-list.ts';
import { type ListSource, type RevocationLists, sourceKey } from './revocation-lists.ts';
import { Turnstile } from './turnstile.ts';

/** What a list may cost. `PV-SEC-054` */
const LIMITS: Pick<DownloadLimits, 'bytes' | 'time'> = { bytes: 128 * 1024 * 1024, time: 60_000 };

/** How often, in seconds, a list is fetched anew unless told, how soon again when that failed, and how long before its end. */
const FETCH_EVERY = 15 * MINUTE;
const RETRY_AFTER = MINUTE;
const FETCH_BEFORE_END = 5 * MINUTE;

/** How often, in seconds, it is looked whether one is due, or another process has fetched one. `PV-SEC-057` leaves a minute */
const LOOK_EVERY = 20;

/** How often, in seconds, the log is told of a trouble that stays the same. */
const TELL_EVERY = HOUR;

/** Lists that are fetched at the same time, and those that are read: each may take 128 MiB. */
const FETCHED_AT_ONCE = 8;
const READ_AT_ONCE = 2;

export type KeeperMeans = {
  /** Where lists lie between two starts; made if need be. */
  readonly directory: string;
  readonly clock: Clock;
  readonly every: Every;
  readonly log: Log;
  readonly allowPrivate: boolean;
  /** How often a list is fetched anew, in seconds. */
  readonly fetchEvery?: number;
  /** Where it is counted how tries to fetch or read a list end. */
  readonly refreshes?: { renewed: number; failed: number };
  readonly tracing?: Pick<Tracing, 'outbound'>;
};

/** What is known of an address besides its list. */
type State = {
  /** When it is to be fetched. */
  due: EpochSeconds;
  /** Which file of it was read last, by its time of change in milliseconds. */
  read?: number;
  fetched?: EpochSeconds;
  failure?: string;
};

/**
 * Keeps revocation lists fresh in the background: fetched from the configured addresses, verified in a thread of their own, kept on
 * disk for the next start and for other processes, and verified again when they are read from there. An address that hangs holds up
 * no other. `PV-SEC-053`, `PV-SEC-054`
 */
export class ListKeeper implements RevocationData {
  readonly #lists: RevocationLists;
  readonly #means: KeeperMeans;
  readonly #states = new Map<string, State>();
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #told = new Map<string, EpochSeconds>();
  readonly #fetches = new Turnstile(FETCHED_AT_ONCE);
  readonly #reads = new Turnstile(READ_AT_ONCE);
  readonly #end = new AbortController();
  #stopLooking: () => void = () => {};
  #looks: Promise<unknown> = Promise.resolve();

  constructor(lists: RevocationLists, means: KeeperMeans) {
    this.#lists = lists;
    this.#means = means;
  }

  /** Reads what lies on the disk, and goes on in the background until {@link close}. */
  async start(): Promise<void> {
    await mkdir(this.#means.directory, { recursive: true, mode: 0o700 });
    await this.#removeLeftovers();
    await this.#readAll();
    this.#stopLooking = this.#means.every(LOOK_EVERY, () => this.look());
    void this.look();
  }

  /** Reads what another process has fetched, fetches what is due, and waits for what is being fetched. Never fails. */
  look(): Promise<void> {
    const look = this.#look();
    this.#looks = Promise.all([this.#looks, look]);
    return look;
  }

  /** @see {@link RevocationData} */
  of(entry: TrustEntry): readonly ListReport[] {
    return this.#sourcesOf(entry).map((source) => this.#report(source));
  }

  /** Of every address that lists are fetched from. */
  reports(): readonly ListReport[] {
    return this.#lists.sources.map((source) => this.#report(source));
  }

  /** @see {@link RevocationData} */
  async refresh(entry: TrustEntry): Promise<readonly ListReport[]> {
    const sources = this.#sourcesOf(entry);
    await Promise.all(sources.map((source) => this.#fetching.get(sourceKey(source))));
    await Promise.all(sources.map((source) => this.#fetchOnce(source)));
    return this.of(entry);
  }

  async close(): Promise<void> {
    this.#stopLooking();
    this.#end.abort();
    await this.#looks;
    await Promise.all(this.#fetching.values());
  }

  async #look(): Promise<void> {
    if (this.#end.signal.aborted) return;
    await this.#readAll();
    const now = this.#means.clock.now();
    for (const source of this.#lists.sources) {
      if (this.#state(source).due <= now) void this.#fetchOnce(source);
    }
    await Promise.all(this.#fetching.values());
    for (const source of this.#lists.sources) this.#warnOfEnd(source);
  }

  async #readAll(): Promise<void> {
    const { sources } = this.#lists;
    await Promise.all(sources.map((source) => this.#try(source, () => this.#readNewer(source))));
  }

  /** One fetch at a time of each address; whoever asks meanwhile shares it. */
  #fetchOnce(source: ListSource): Promise<void> {
    const key = sourceKey(source);
    const running = this.#fetching.get(key);
    if (running) return running;
    this.#state(source).due = this.#means.clock.now() + RETRY_AFTER;
    const fetch = this.#fetches.pass(() => this.#try(source, () => this.#fetch(source)));
    const done = fetch.finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, done);
    return done;
  }

  async #fetch(source: ListSource): Promise<void> {
    const { allowPrivate, clock, tracing = untraced } = this.#means;
    const { origin, pathname: path } = new URL(source.url);
    const file = this.#file(source);
    const part = `${file}.${randomUUID()}.part`;
    try {
      const limits = { ...LIMITS, allowPrivate, signal: this.#end.signal };
      await tracing.outbound({ method: 'GET', origin, path }, () => download(source.url, part, limits));
      const list = await this.#load(source, part);
      await rename(part, file);
      const { mtimeMs: read } = await stat(file);
      const now = clock.now();
      this.#states.set(sourceKey(source), { due: this.#nextFetch(list, now), read, fetched: now });
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Reads a file that has changed; or one that is known but whose list was let go, because nobody trusted its CA for a while. */
  async #readNewer(source: ListSource): Promise<void> {
    const file = this.#file(source);
    const changed = await changeTime(file);
    const state = this.#state(source);
    const isForgotten = state.fetched !== undefined && this.#lists.of(source) === undefined;
    if (changed === undefined || (changed === state.read && !isForgotten)) return;
    this.#states.set(sourceKey(source), { ...state, read: changed });
    const list = await this.#load(source, file);
    // The clock may have been set back since.
    const fetched = Math.min(changed / 1000, this.#means.clock.now());
    this.#states.set(sourceKey(source), { due: this.#nextFetch(list, fetched), read: changed, fetched });
  }

  /** A list that has not begun is none; one that has ended may still name what is revoked. */
  async #load(source: ListSource, file: string): Promise<RevocationList> {
    const list = await this.#reads.pass(() => loadList(file, source.issuer.der));
    if (list.thisUpdate > this.#means.clock.now()) throw new Refusal('crl_not_fresh', 'a list that has not begun');
    this.#lists.keep(source, list);
    if (this.#means.refreshes) this.#means.refreshes.renewed++;
    return list;
  }

  /** Earlier where the list ends earlier. */
  #nextFetch({ nextUpdate }: RevocationList, fetched: EpochSeconds): EpochSeconds {
    const { fetchEvery = FETCH_EVERY } = this.#means;
    return Math.min(fetched + fetchEvery, Math.max(fetched + RETRY_AFTER, nextUpdate - FETCH_BEFORE_END));
  }

  #state(source: ListSource): State {
    const key = sourceKey(source);
    const state = this.#states.get(key) ?? { due: 0 };
    this.#states.set(key, state);
    return state;
  }

  #sourcesOf({ certificate }: TrustEntry): readonly ListSource[] {
    return this.#lists.sources.filter(({ issuer }) => issuer.der.toString('base64') === certificate);
  }

  #report(source: ListSource): ListReport {
    const { fetched, failure } = this.#state(source);
    const list = this.#lists.of(source);
    return {
      url: source.url,
      ...(list && {
        number: BigInt(`0x0${list.number.toString('hex')}`).toString(),
        thisUpdate: list.thisUpdate,
        nextUpdate: list.nextUpdate,
        entries: list.revoked.count,
      }),
      ...(fetched !== undefined && { fetched: Math.floor(fetched) }),
      ...(failure !== undefined && { failure }),
    };
  }

  #file(source: ListSource): string {
    return join(this.#means.directory, `${sourceKey(source)}.crl`);
  }

  /** What a process that was ended in the middle of a fetch has left. */
  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.#means.directory)) {
      const file = join(this.#means.directory, name);
      const age = Date.now() - ((await changeTime(file)) ?? Date.now());
      if (name.endsWith('.part') && age > HOUR * 1000) await rm(file, { force: true });
    }
  }

  /** Under every policy: with `grace` it is the alarm from the first minute. Security reference §3 */
  #warnOfEnd(source: ListSource): void {
    const list = this.#lists.of(source);
    if (!list || list.nextUpdate > this.#means.clock.now()) return;
    const ended = new Date(list.nextUpdate * 1000).toISOString();
    this.#tell('a revocation list has ended', `${new URL(source.url).host}: ${ended}`);
  }

  /** A list that cannot be had is told of, and everything goes on with the one before it. */
  async #try(source: ListSource, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#end.signal.aborted) return;
      const detail = error instanceof Refusal || error instanceof NotFetched ? error.message : String(error);
      this.#state(source).failure = detail;
      if (this.#means.refreshes) this.#means.refreshes.failed++;
      this.#tell('a revocation list could not be renewed', `${new URL(source.url).host}: ${detail}`);
    }
  }

  /** At once, and every hour while it lasts. */
  #tell(message: string, detail: string): void {
    const now = this.#means.clock.now();
    const told = this.#told.get(`${message} ${detail}`);
    if (told !== undefined && told <= now && now < told + TELL_EVERY) return;
    for (const [key, at] of this.#told) if (now >= at + TELL_EVERY) this.#told.delete(key);
    this.#told.set(`${message} ${detail}`, now);
    this.#means.log.warn(message, { detail });
  }
}

/** When the file was changed, in milliseconds; undefined while there is none. */
async function changeTime(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
