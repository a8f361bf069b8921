import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const exporter = new InMemorySpanExporter();

/** Registers an SDK in this process, before a server is started, as an operator does with `--import`; what it records stays in memory. */
export function record(): void {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** As if nobody had registered anything. */
export function recordNoMore(): void {
  for (const part of [trace, context, propagation]) part.disable();
}

/** The spans that have ended since it was asked the last time, in that order. */
export function recorded(): readonly ReadableSpan[] {
  const spans = exporter.getFinishedSpans();
  exporter.reset();
  return spans;
}

/** Everything that a span says, as text. */
export function spanText({ name, attributes, events, status, links, resource }: ReadableSpan): string {
  return JSON.stringify({ name, attributes, events, status, links, resource: resource.attributes });
}
