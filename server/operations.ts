import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { OperationsSettings } from './config.ts';
import type { FaultCode } from './core/catalogue.ts';
import { Fault } from './core/fault.ts';
import type { Log } from './core/ports.ts';
import { LIVE, READY, RETRY_AFTER } from './http/health.ts';
import { Listening } from './http/listening.ts';
import { faultBody, PRIVATE_JSON, reportFault, toFault } from './http/render-fault.ts';
import { random } from './random.ts';
import { exposeReadings, METRICS_TYPE } from './telemetry/exposition.ts';
import type { Reading } from './telemetry/readings.ts';

/** What is told to those who watch the server. */
export type Watched = {
  readonly issuer: () => string;
  /** Why it is not ready; undefined when it is. Rejects where the store cannot be used. */
  readonly unready: () => Promise<FaultCode | undefined>;
  /** What each of its processes says of itself. */
  readonly readings: () => Promise<readonly (readonly Reading[])[]>;
  readonly log: Log;
};

/** Starts answering where the settings say; nowhere, and nothing is loaded for it. @throws as {@link Operations.start} */
export async function openOperations({ listen }: OperationsSettings, watched: Watched): Promise<Operations | undefined> {
  if (!listen) return undefined;
  const operations = new Operations(watched);
  await operations.start(listen);
  return operations;
}

/** Bounds on one connection, in milliseconds and numbers: those who watch are few and near. `PV-SEC-062` */
const LIMITS = { maxHeaderSize: 8 * 1024, headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 5_000 };
const MAX_CONNECTIONS = 100;

/** Seconds that what is being answered may take when the listener ends. */
const PATIENCE = 2;

/**
 * Answers health and metrics at an address of their own, which clients cannot reach, and which answers while they keep the other one
 * busy. No client, no organisation, no version. `PV-SEC-070`, `PV-SEC-105`
 */
export class Operations {
  readonly #listening: Listening;
  readonly #pages: ReadonlyMap<string, () => Promise<Page>>;
  readonly #watched: Watched;
  #port = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    const { readings } = watched;
    this.#pages = new Map([
      ['/health/live', async () => LIVE],
      ['/health/ready', () => this.#ready()],
      ['/metrics', shared(async () => ({ type: METRICS_TYPE, text: await exposeReadings(await readings()) }))],
    ]);
    const server = createServer(LIMITS, this.#answer);
    server.maxConnections = MAX_CONNECTIONS;
    this.#listening = new Listening([server]);
  }

  /** Of the listener, once it has started. */
  get port(): number {
    return this.#port;
  }

  /** @throws the system's error, when the port is taken */
  async start({ host, port }: NonNullable<OperationsSettings['listen']>): Promise<void> {
    this.#port = await this.#listening.start([host], port);
  }

  close(): Promise<void> {
    return this.#listening.stop('now', PATIENCE);
  }

  async #ready(): Promise<Page> {
    const code = await this.#watched.unready();
    if (code !== undefined) throw new Fault(code, { retryAfter: RETRY_AFTER });
    return READY;
  }

  readonly #answer: RequestListener = async ({ method = '', url = '' }, response) => {
    try {
      const page = this.#pages.get(url.split('?', 1)[0] ?? '');
      if (!page) throw new Fault('PV-017');
      if (method !== 'GET' && method !== 'HEAD') throw new Fault('PV-018', { expected: 'GET, HEAD' });
      const { type, text } = await page();
      send(response, 200, { ...PRIVATE_JSON, 'Content-Type': type }, text);
    } catch (error) {
      this.#refuse(response, error);
    }
  };

  #refuse(response: ServerResponse, error: unknown): void {
    const { issuer, log } = this.#watched;
    const fault = toFault(error);
    const correlationId = random.traceId();
    reportFault(fault, error, { correlationId, log });
    const { retryAfter } = fault.circumstances;
    const headers = {
      ...PRIVATE_JSON,
      'X-Correlation-Id': correlationId,
      ...(retryAfter !== undefined && { 'Retry-After': `${retryAfter}` }),
      ...(fault.code === 'PV-018' && { Allow: 'GET, HEAD' }),
    };
    send(response, fault.entry.status, headers, faultBody(fault, issuer(), correlationId));
  }
}

type Page = { readonly type: string; readonly text: string };

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, text: string): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** Who asks while it is being made shares it: a crowd of scrapers costs no more than one. */
function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let making: Promise<T> | undefined;
  return () => {
    making ??= make().finally(() => {
      making = undefined;
    });
    return making;
  };
}
