import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Log } from '../../server/core/ports.ts';
import { MINUTE } from '../../server/core/time.ts';
import { type DownloadLimits, download, NotFetched } from './download.ts';
import { loadList } from './load-list.ts';
import { Refusal } from './refusal.ts';
import type { RevocationList } from './revocation-list.ts';
import type { ListSource, RevocationLists } from './revocation-lists.ts';

/** What a list may cost. `PV-SEC-054` */
const LIMITS: Pick<DownloadLimits, 'bytes' | 'time'> = { bytes: 128 * 1024 * 1024, time: 60_000 };

/** How often, in seconds, a list is fetched anew, and how soon again when that failed. */
const FETCH_EVERY = 15 * MINUTE;
const RETRY_AFTER = MINUTE;

/** How often, in seconds, it is looked whether one is due, or another process has fetched one. `PV-SEC-057` leaves a minute */
const LOOK_EVERY = 20;

export type KeeperMeans = {
  /** Where lists lie between two starts; made if need be. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly allowPrivate: boolean;
};

/**
 * Keeps revocation lists fresh in the background: fetched from the configured addresses, verified in a thread of their own, kept on
 * disk for the next start and for other processes, and verified again when they are read from there. `PV-SEC-053`, `PV-SEC-054`
 */
export class ListKeeper {
  readonly #lists: RevocationLists;
  readonly #means: KeeperMeans;
  /** When each address is due, in epoch seconds, and which file of it was read last, by its time of change. */
  readonly #due = new Map<string, number>();
  readonly #read = new Map<string, number>();
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(lists: RevocationLists, means: KeeperMeans) {
    this.#lists = lists;
    this.#means = means;
  }

  /** Reads what lies on the disk, and goes on in the background until {@link close}. */
  async start(): Promise<void> {
    await mkdir(this.#means.directory, { recursive: true, mode: 0o700 });
    for (const source of this.#lists.sources) await this.#try(source, () => this.#readNewer(source));
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY * 1000).unref();
    void this.look();
  }

  /** Reads what another process has fetched, and fetches what is due. Looks that meet are made one after the other. */
  look(): Promise<void> {
    this.#work = this.#work.then(async () => {
      for (const source of this.#lists.sources) {
        if (!this.#end.signal.aborted) await this.#try(source, () => this.#renew(source));
      }
    });
    return this.#work;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#work;
  }

  async #renew(source: ListSource): Promise<void> {
    await this.#readNewer(source);
    const now = this.#means.clock.now();
    if ((this.#due.get(source.url) ?? 0) > now) return;
    this.#due.set(source.url, now + RETRY_AFTER);
    await this.#fetch(source);
    this.#due.set(source.url, now + FETCH_EVERY);
  }

  async #fetch(source: ListSource): Promise<void> {
    const part = `${this.#file(source)}.${randomUUID()}.part`;
    try {
      await download(source.url, part, { ...LIMITS, allowPrivate: this.#means.allowPrivate, signal: this.#end.signal });
      this.#keep(source, await loadList(part, source.issuer.der));
      await rename(part, this.#file(source));
      this.#read.set(source.url, (await stat(this.#file(source))).mtimeMs);
    } finally {
      await rm(part, { force: true });
    }
  }

  async #readNewer(source: ListSource): Promise<void> {
    const file = this.#file(source);
    const changed = await changeTime(file);
    if (changed === undefined || changed === this.#read.get(source.url)) return;
    this.#read.set(source.url, changed);
    this.#keep(source, await loadList(file, source.issuer.der));
    this.#due.set(source.url, changed / 1000 + FETCH_EVERY);
  }

  /** One that has not begun is none; one that has ended may still name what is revoked. */
  #keep(source: ListSource, list: RevocationList): void {
    if (list.thisUpdate > this.#means.clock.now()) throw new Refusal('crl_not_fresh', 'a list that has not begun');
    this.#lists.keep(source, list);
  }

  #file({ url }: ListSource): string {
    return join(this.#means.directory, `${createHash('sha256').update(url).digest('hex')}.crl`);
  }

  /** A list that cannot be had is told of, and everything goes on with the one before it. */
  async #try({ url }: ListSource, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const detail = error instanceof Refusal || error instanceof NotFetched ? error.message : String(error);
      this.#means.log.warn('a revocation list could not be renewed', { detail: `${new URL(url).host}: ${detail}` });
    }
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
