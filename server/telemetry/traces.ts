import type { Context, Span, Tracer } from '@opentelemetry/api';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import { type CallersTrace, type Trace, traceparent } from '../core/trace.ts';
import type { Ended, Outbound, OutboundSpan, Step, Tracing } from '../core/tracing.ts';

type Api = typeof import('@opentelemetry/api');

/** Traces that are recorded, and what is done before the process ends. */
export type Traces = Tracing & {
  /** Hands on what has not been handed on yet. Never fails, and takes two seconds at most. */
  flush(): Promise<void>;
};

/** How long a server that stops waits for the last spans to be sent, in milliseconds. */
const PATIENCE = 2_000;

/** By this name every copy of the API in a process finds what one of them was given. It is the major version's. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/**
 * The traces of whoever has registered an OpenTelemetry SDK in this process, before the server was started.
 * @returns undefined where nobody has: the API is then not even loaded, which would take as long as a tenth of the start.
 */
export async function openTraces(log: Log): Promise<Traces | undefined> {
  const registered = (globalThis as { [REGISTERED]?: { readonly version?: string; readonly trace?: unknown } })[REGISTERED];
  if (!registered?.trace) return undefined;
  const api = await import('@opentelemetry/api');
  const provider = api.trace.getTracerProvider();
  if (provider === registered.trace) return new RecordedTraces(api, provider, log);
  const detail = `@opentelemetry/api ${registered.version} of the SDK is older than the server's own`;
  log.warn('no traces are recorded', { detail });
  return undefined;
}

/** Spans hold names, numbers and codes of ours, and what the audit says of a request. `PV-SEC-104` */
class RecordedTraces implements Traces {
  readonly #api: Api;
  readonly #provider: object;
  readonly #tracer: Tracer;
  readonly #log: Log;

  constructor(api: Api, provider: ReturnType<Api['trace']['getTracerProvider']>, log: Log) {
    this.#api = api;
    this.#provider = provider;
    this.#tracer = provider.getTracer('portvakt');
    this.#log = log;
  }

  async request(
    path: string,
    caller: CallersTrace | undefined,
    work: (trace: Trace | undefined) => Promise<Ended>,
  ): Promise<void> {
    const { SpanKind, SpanStatusCode } = this.#api;
    const attributes = { 'http.request.method': 'POST', 'http.route': path };
    const span = this.#tracer.startSpan(`POST ${path}`, { kind: SpanKind.SERVER, attributes }, this.#parent(caller));
    await this.#during(span, async () => {
      const { status, code } = await work(this.#traceOf(span));
      span.setAttributes({ 'http.response.status_code': status, 'portvakt.outcome': code === undefined ? 'issued' : 'refused' });
      if (code !== undefined) span.setAttributes({ 'portvakt.code': code, 'error.type': code });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    });
  }

  step<T>(name: Step, work: () => Promise<T>): Promise<T> {
    return this.#during(this.#tracer.startSpan(name), work);
  }

  outbound<T>({ method, origin, path }: Outbound, work: (span: OutboundSpan) => Promise<T>): Promise<T> {
    const { hostname, port, protocol } = new URL(origin);
    const attributes = {
      'http.request.method': method,
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
      'url.template': path,
    };
    const span = this.#tracer.startSpan(`${method} ${path}`, { kind: this.#api.SpanKind.CLIENT, attributes });
    const trace = this.#traceOf(span);
    return this.#during(span, () =>
      work({
        ...(trace && { traceparent: traceparent(trace, span.spanContext().spanId) }),
        answered: (status) => void span.setAttribute('http.response.status_code', status),
      }),
    );
  }

  proven({ clientId, details: { scopes } }: Parameters<Tracing['proven']>[0]): void {
    const span = this.#api.trace.getActiveSpan();
    if (clientId !== undefined) span?.setAttribute('portvakt.client_id', clientId);
    if (Array.isArray(scopes)) span?.setAttribute('portvakt.scopes', scopes.map(String));
  }

  async flush(): Promise<void> {
    const provider = delegateOf(this.#provider);
    if (!('forceFlush' in provider) || typeof provider.forceFlush !== 'function') return;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`it took more than ${PATIENCE / 1000} s`)), PATIENCE);
    try {
      await Promise.race([provider.forceFlush(), late.promise]);
    } catch (error) {
      this.#log.warn('the last spans were not sent', { error: String(error) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whatever instruments the server itself has opened a span already, in the caller's trace; otherwise the caller's own. */
  #parent(caller: CallersTrace | undefined): Context {
    const { TraceFlags, context, trace } = this.#api;
    const active = context.active();
    if (trace.getSpanContext(active) || !caller) return active;
    const { id, parent, sampled } = caller;
    const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(active, { traceId: id, spanId: parent, traceFlags, isRemote: true });
  }

  /** None of what the SDK is told to leave out: its span is part of no trace, and has nothing but zeros for numbers. */
  #traceOf(span: Span): Trace | undefined {
    if (!this.#api.isSpanContextValid(span.spanContext())) return undefined;
    const { traceId, traceFlags } = span.spanContext();
    return { id: traceId, sampled: (traceFlags & this.#api.TraceFlags.SAMPLED) !== 0 };
  }

  /** Of what was thrown the span has the kind alone: a message may hold what was sent. */
  async #during<T>(span: Span, work: () => Promise<T>): Promise<T> {
    const { SpanStatusCode, context, trace } = this.#api;
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } catch (error) {
      span.setAttribute('error.type', kindOf(error));
      if (!isRefusal(error)) span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }
}

function kindOf(error: unknown): string {
  if (error instanceof Fault) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

/** A client's own fault is no error of a server's span. */
function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.entry.status < 500;
}

/** What was registered stands behind what the API hands out. */
function delegateOf(provider: object): object {
  const behind = 'getDelegate' in provider && typeof provider.getDelegate === 'function' ? provider.getDelegate() : provider;
  return typeof behind === 'object' && behind !== null ? behind : provider;
}
