import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

// What an operator loads with NODE_OPTIONS=--import: spans go to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names. It waits an hour
// before it sends a batch, so that what arrives earlier was sent because the server stopped.

const HOUR = 3_600_000;
const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: HOUR });
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
