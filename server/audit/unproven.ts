import type { Audit, AuditRecord } from '../core/audit.ts';
import type { FaultCode } from '../core/catalogue.ts';
import type { Log, UnprovenRefusals } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';

/** How often what has been counted is kept, in milliseconds. */
const INTERVAL = 60_000;

/** Most refusals of a code whose correlation ids are kept, of each interval. */
const SAMPLES = 3;

type Counted = { count: number; readonly samples: string[] };

/**
 * Counts refusals by code and names a few: a minute of them is one record of the audit, whose size is bounded by the number of codes,
 * however many strangers make. What a crash takes is at most a minute of figures.
 */
export class CountedRefusals implements UnprovenRefusals {
  readonly #audit: Pick<Audit, 'append'>;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  readonly #counted = new Map<FaultCode, Counted>();
  #since: EpochSeconds | undefined;
  #until: EpochSeconds = 0;

  constructor(audit: Pick<Audit, 'append'>, log: Log) {
    this.#audit = audit;
    this.#log = log;
    this.#timer = setInterval(() => void this.keep(), INTERVAL).unref();
  }

  count(code: FaultCode, correlationId: string, at: EpochSeconds): void {
    this.#since ??= at;
    this.#until = at;
    const counted = this.#counted.get(code) ?? { count: 0, samples: [] };
    counted.count++;
    if (counted.samples.length < SAMPLES) counted.samples.push(correlationId);
    this.#counted.set(code, counted);
  }

  /** Keeps what has been counted, if anything, as one record. What the store does not take is logged. */
  async keep(): Promise<void> {
    if (this.#since === undefined) return;
    const record = this.#take(this.#since);
    try {
      await this.#audit.append(record);
    } catch (error) {
      this.#log.error('counts of refusals were lost', { error: String(error), detail: JSON.stringify(record.details) });
    }
  }

  /** Keeps what is left, and counts no more by itself. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.keep();
  }

  #take(since: EpochSeconds): AuditRecord {
    const entries = [...this.#counted];
    this.#counted.clear();
    this.#since = undefined;
    return {
      type: 'token.refused_unproven',
      at: this.#until,
      correlationId: entries[0]?.[1].samples[0] ?? '',
      details: {
        since,
        refusals: Object.fromEntries(entries.map(([code, { count }]) => [code, count])),
        samples: Object.fromEntries(entries.map(([code, { samples }]) => [code, samples])),
      },
    };
  }
}
