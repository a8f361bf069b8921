import type { Worker } from 'node:cluster';
import type { FaultCode } from './core/catalogue.ts';
import { EndedReadings } from './telemetry/ended.ts';
import { primaryReadings, type Reading } from './telemetry/readings.ts';
import { heardError, type WorkerReport } from './worker-messages.ts';

/** How long a worker may take to answer, in milliseconds: one that is held up for longer is not ready. `PV-SEC-125` */
const PATIENCE = 1_000;

type Question = WorkerReport['kind'];

/** Asks the workers what they say of themselves, and keeps what those had counted that are gone. */
export class WorkerReports {
  readonly #serving: ReadonlySet<Worker>;
  readonly #waiting = new Map<Worker, Map<Question, PromiseWithResolvers<WorkerReport>>>();
  readonly #last = new Map<Worker, readonly Reading[]>();
  readonly #ended = new EndedReadings();
  #restarts = 0;

  constructor(serving: ReadonlySet<Worker>) {
    this.#serving = serving;
  }

  /** What a worker has told. */
  hear(worker: Worker, report: WorkerReport): void {
    if (report.kind === 'readings') this.#last.set(worker, report.readings);
    const waiting = this.#waiting.get(worker);
    waiting?.get(report.kind)?.resolve(report);
    waiting?.delete(report.kind);
  }

  /** A worker is gone: what it counted up to its last report stays. */
  gone(worker: Worker): void {
    this.#ended.add(this.#last.get(worker) ?? []);
    this.#last.delete(worker);
    this.#waiting.delete(worker);
  }

  /** One took the place of a worker that died. */
  restarted(): void {
    this.#restarts++;
  }

  /**
   * Why this server should not be asked. Connections are dealt out to all workers in turn, so that a balancer that sends a request here
   * cannot choose: all that serve have to be ready. One that died and is being replaced gets none, and does not count. `PV-SEC-125`
   * @throws {StoreUnavailable} what the first of them met
   */
  async unready(): Promise<FaultCode | undefined> {
    const reports = await Promise.all([...this.#serving].map((worker) => this.#ask(worker, 'readiness')));
    if (reports.length === 0) return 'PV-505';
    for (const report of reports) {
      if (report?.kind !== 'readiness') return 'PV-505';
      if (report.failure) throw heardError(report.failure);
      if (report.unready !== undefined) return report.unready;
    }
    return undefined;
  }

  /** What each worker says now, or said last where it does not answer; what those that are gone said; and what is known of them here. */
  async readings(): Promise<readonly (readonly Reading[])[]> {
    const workers = [...this.#serving];
    await Promise.all(workers.map((worker) => this.#ask(worker, 'readings')));
    const alive = workers.map((worker) => this.#last.get(worker) ?? []);
    return [...alive, this.#ended.readings(), primaryReadings({ workers: this.#serving.size, restarts: this.#restarts })];
  }

  /** Who asks the same meanwhile shares the answer. @returns undefined when it is late */
  async #ask(worker: Worker, question: Question): Promise<WorkerReport | undefined> {
    const waiting = this.#waiting.get(worker) ?? new Map<Question, PromiseWithResolvers<WorkerReport>>();
    this.#waiting.set(worker, waiting);
    let answer = waiting.get(question);
    if (!answer) {
      answer = Promise.withResolvers();
      waiting.set(question, answer);
      if (worker.isConnected()) worker.send(question);
    }
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), PATIENCE);
    return Promise.race([answer.promise, late.promise]).finally(() => clearTimeout(timer));
  }
}
