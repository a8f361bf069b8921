import type { AuditRecord } from './audit.ts';
import type { CallersTrace, Trace } from './trace.ts';

/**
 * What the time of a token request goes into, as traces name it: its body, a place to be worked on in, who the client is, what it is
 * entitled to, the durable commit, the signature.
 */
export type Step = 'receive' | 'queue' | 'authenticate' | 'authorize' | 'commit' | 'sign';

/** A request to another server; the path without anything that was asked. */
export type Outbound = {
  readonly method: 'GET' | 'POST';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Below it, without a query. */
  readonly path: string;
};

/** What is told of a request to another server. */
export type OutboundSpan = {
  /** Makes the request part of the trace; absent where nobody records it. W3C Trace Context §3.2 */
  readonly traceparent?: string;
  /** Tells with which status it was answered. */
  answered(status: number): void;
};

/** How a request ended: with this status, and with this code where it was refused. */
export type Ended = { readonly status: number; readonly code?: string };

/**
 * Tells whoever records traces where the time of a token request goes. Nothing that was sent is told. `PV-SEC-104`
 */
export interface Tracing {
  /**
   * A whole request, part of its caller's trace where it says so.
   * @param path one of our own addresses.
   * @param work is handed the trace that it is part of, where it is told of at all, and says how it ended.
   */
  request(path: string, caller: CallersTrace | undefined, work: (trace: Trace | undefined) => Promise<Ended>): Promise<void>;
  /** A part of the work of a request. */
  step<T>(name: Step, work: () => Promise<T>): Promise<T>;
  /** A request to another server, whether on behalf of a request or not. */
  outbound<T>(to: Outbound, work: (span: OutboundSpan) => Promise<T>): Promise<T>;
  /** Tells whose the request is that is being worked on, and what it is for, as the audit's record of it says. */
  proven(record: Pick<AuditRecord, 'clientId' | 'details'>): void;
}

const UNTOLD: OutboundSpan = { answered: () => {} };

/** Where nobody records: the work alone. */
export const untraced: Omit<Tracing, 'request'> = {
  step: (_, work) => work(),
  outbound: (_, work) => work(UNTOLD),
  proven: () => {},
};
