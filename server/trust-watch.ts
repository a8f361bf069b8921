import type { Certificates, Clock, Every, Log, Storage, TrustEntry } from './core/ports.ts';
import { DAY, type EpochSeconds } from './core/time.ts';

/** How often it is looked whether another process has changed the trust, in seconds. `PV-SEC-048` */
const LOOK_EVERY = 0.5;

/** Days before its end at which a CA is told of; the last of them, and what has ended, every day. */
const TOLD_AT = [90, 30, 7, 1];
const TOLD_DAILY_FROM = 7;

export type TrustWatchMeans = {
  readonly storage: Pick<Storage, 'trust'>;
  readonly certificates: Certificates;
  readonly clock: Clock;
  readonly every: Every;
  readonly log: Log;
  /** Called when the trust has changed, whoever has changed it. */
  readonly onChange: () => void;
};

/** Brings changes of the trust by other processes into force, and warns before CAs end. `PV-SEC-048` */
export class TrustWatch {
  readonly #means: TrustWatchMeans;
  #version = -1;
  #isFailing = false;
  #day = -1;
  /** The number of days at which each CA was told of last. */
  readonly #told = new Map<string, number>();
  #stop: () => void = () => {};
  #looking: Promise<void> = Promise.resolve();

  constructor(means: TrustWatchMeans) {
    this.#means = means;
  }

  /** Looks at once, and then in the background until {@link close}. */
  async start(): Promise<void> {
    this.#version = await this.#means.storage.trust.version();
    await this.#look();
    this.#stop = this.#means.every(LOOK_EVERY, () => this.look());
  }

  /** Looks once; looks that meet are made one after the other. A store that fails is told of, and asked again the next time. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      await this.#reloadIfChanged();
      await this.#warnOncePerDay();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#means.log.error('a change of the trust cannot be taken over', { error: String(error) });
      this.#isFailing = true;
    }
  }

  /** The version is read first: what changes meanwhile is seen the next time. */
  async #reloadIfChanged(): Promise<void> {
    const { storage, certificates, onChange } = this.#means;
    const version = await storage.trust.version();
    if (version === this.#version) return;
    certificates.reload(await storage.trust.list());
    this.#version = version;
    this.#day = -1;
    onChange();
  }

  async #warnOncePerDay(): Promise<void> {
    const { storage, clock } = this.#means;
    const now = clock.now();
    const day = Math.floor(now / DAY);
    if (day === this.#day) return;
    const isNewDay = this.#day >= 0;
    for (const entry of await storage.trust.list()) this.#warnOfEnd(entry, now, isNewDay);
    this.#day = day;
  }

  #warnOfEnd(entry: TrustEntry, now: EpochSeconds, isNewDay: boolean): void {
    const { notAfter } = this.#means.certificates.readAuthority(Buffer.from(entry.certificate, 'base64'));
    const days = Math.floor((notAfter - now) / DAY);
    const stage = TOLD_AT.findLast((limit) => days <= limit);
    const isDaily = isNewDay && days <= TOLD_DAILY_FROM;
    if (stage === undefined || (this.#told.get(entry.id) === stage && !isDaily)) return;
    this.#told.set(entry.id, stage);
    const end = new Date(notAfter * 1000).toISOString().slice(0, 10);
    const detail = `${entry.role} ${entry.id.slice(0, 16)}: ${end}, ${days} days`;
    this.#means.log.warn(days < 0 ? 'a trusted CA has ended' : 'a trusted CA ends soon', { detail });
  }
}
