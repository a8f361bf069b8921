import type { Config } from './config.ts';
import type { FaultCode } from './core/catalogue.ts';
import { StoreUnavailable } from './core/ports.ts';
import type { Reading } from './telemetry/readings.ts';

/** What the primary tells a worker first. */
export type WorkerTask = {
  /** Where it was made of a file, the worker makes its own of that. */
  readonly config: Config;
  /** Among how many the limits are divided. */
  readonly workers: number;
  /** Seconds ahead of this machine's clock. */
  readonly clockOffset: number;
  /** Whether the store is prepared by the primary before the worker reads anything from it. */
  readonly prepares: boolean;
  /** Whether it is the one that tells the audit what all of them run by. */
  readonly announces: boolean;
};

/** What the primary tells it afterwards: the store is prepared; stop, and how; tell this of yourself. */
export type PrimaryMessage = 'prepared' | 'stop' | 'stop gently' | WorkerReport['kind'];

/** What a worker tells of itself when it is asked, and of its readings once more as the last thing it does. */
export type WorkerReport =
  | { readonly kind: 'readiness'; readonly unready?: FaultCode; readonly failure?: ToldError }
  | { readonly kind: 'readings'; readonly readings: readonly Reading[] };

/** What a worker tells the primary. */
export type WorkerMessage =
  | { readonly kind: 'named'; readonly issuer: string }
  | { readonly kind: 'ready'; readonly issuer: string; readonly port: number }
  | { readonly kind: 'failed'; readonly error: ToldError }
  | WorkerReport;

/** An error as it crosses from one process to another. */
export type ToldError = {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly [detail: string]: unknown;
};

/** What the command line knows errors of the system by. */
const DETAILS = ['code', 'syscall', 'address', 'port', 'path'] as const;

/** An error as plain data. */
export function tellError(error: unknown): ToldError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack = '' } = error;
  const details = DETAILS.flatMap((detail) => (detail in error ? [[detail, error[detail as keyof Error]]] : []));
  return { name, message, stack, ...Object.fromEntries(details) };
}

/** The error again, known by its name as the one that was thrown. */
export function heardError({ message, ...told }: ToldError): Error {
  const error = told.name === 'StoreUnavailable' ? new StoreUnavailable(message) : new Error(message);
  return Object.assign(error, told);
}
