import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Middleware } from 'koa';
import { Fault } from '../core/fault.ts';
import type { Log, Random } from '../core/ports.ts';
import { faultBody, PRIVATE_JSON } from './render-fault.ts';
import { createSecureServer, STRICT_TRANSPORT, type TlsMaterial } from './secure.ts';

/** Bounds on one connection; times in milliseconds. `PV-SEC-062` */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxRequestsPerSocket: 1_000,
  maxConnections: 10_000,
  insecureHTTPParser: false,
  requireHostHeader: false,
};

/** Most header fields of a request. Node drops what exceeds its own count in silence, so that lies above ours. */
const MAX_HEADERS = 100;

/** What a server answers by, besides its listener. */
type Means = {
  /** Asked when it is needed: it may hang on the port. */
  readonly issuer: () => string;
  readonly random: Random;
  readonly log: Log;
  /** Absent: plain HTTP. */
  readonly tls?: TlsMaterial | undefined;
};

/** An HTTP server with every limit set, whose answer to what is no HTTP at all has the shape of any other. `PV-SEC-062` */
export function createHttpServer(listener: RequestListener, means: Means): Server {
  const answering = new WeakMap<Duplex, ServerResponse>();
  const inTurn: RequestListener = (request, response) => {
    const before = answering.get(request.socket);
    answering.set(request.socket, response);
    if (means.tls) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT['Strict-Transport-Security']);
    // What is sent before the last answer has come waits for it: a connection has one request worked on, however many it sends.
    if (before === undefined || before.writableFinished || before.destroyed) listener(request, response);
    else before.once('close', () => request.socket.destroyed || listener(request, response));
  };
  const server = means.tls ? createSecureServer(means.tls, LIMITS, inTurn) : createServer(LIMITS, inTurn);
  server.maxRequestsPerSocket = LIMITS.maxRequestsPerSocket;
  server.maxConnections = LIMITS.maxConnections;
  server.maxHeadersCount = 2 * MAX_HEADERS;
  server.on('checkExpectation', inTurn);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const fault = connectionFault(error.code);
    const traceId = means.random.traceId();
    // A handshake that came to nothing is one of these: there is nobody to answer, and the log says what it was.
    const detail = means.tls && error.code !== undefined && { detail: error.code };
    means.log.info('refused', { correlation_id: traceId, code: fault.code, status: fault.entry.status, ...detail });
    const response = answering.get(socket);
    const isDue = response?.req.complete && !response.writableEnded;
    // What is no HTTP came after a request whose answer is still due: the answer goes first, and nothing after it.
    if (isDue) response.once('close', () => socket.destroy());
    else refuseConnection(socket, fault, { traceId, ...means });
  });
  return server;
}

/**
 * Refuses a target that is neither a path nor a whole address, too many header fields, and a request without the one Host that
 * HTTP/1.1 demands. RFC 9112 §3.2
 */
export function limitHeaders(): Middleware {
  return ({ req, url }, next) => {
    if (!url.startsWith('/') && !URL.canParse(url)) throw new Fault('PV-023', { detail: 'the target is no address' });
    if (req.rawHeaders.length / 2 > MAX_HEADERS) throw new Fault('PV-021', { detail: 'too many fields' });
    if (req.httpVersion === '1.1' && count(req.rawHeaders, 'host') !== 1)
      throw new Fault('PV-023', { detail: `${count(req.rawHeaders, 'host')} Host fields` });
    return next();
  };
}

/** @param fields names and values in turn, as Node gives them. */
function count(fields: readonly string[], name: string): number {
  let found = 0;
  for (let place = 0; place < fields.length; place += 2) if (fields[place]?.toLowerCase() === name) found++;
  return found;
}

const TIMEOUTS: ReadonlySet<string | undefined> = new Set(['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_TLS_HANDSHAKE_TIMEOUT']);

function connectionFault(code: string | undefined): Fault {
  if (code === 'HPE_HEADER_OVERFLOW') return new Fault('PV-021');
  return new Fault(TIMEOUTS.has(code) ? 'PV-022' : 'PV-023');
}

function refuseConnection(socket: Duplex, fault: Fault, { issuer, traceId, tls }: Means & { readonly traceId: string }): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = faultBody(fault, issuer(), traceId);
  const headers = {
    ...PRIVATE_JSON,
    ...(tls && STRICT_TRANSPORT),
    ...{ 'Content-Length': `${Buffer.byteLength(body)}`, Connection: 'close' },
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${fault.entry.status} Refused\r\n${lines.join('')}\r\n${body}`);
}
