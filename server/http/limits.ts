import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Middleware } from 'koa';
import { Fault } from '../core/fault.ts';
import type { Log, Random } from '../core/ports.ts';
import { faultBody, PRIVATE_JSON } from './render-fault.ts';

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

/**
 * An HTTP server with every limit set, whose answer to what is no HTTP at all has the shape of any other. `PV-SEC-062`
 * @param issuer asked when it is needed: it may hang on the port.
 */
export function createHttpServer(
  listener: RequestListener,
  { issuer, random, log }: { issuer: () => string; random: Random; log: Log },
): Server {
  const answering = new WeakMap<Duplex, ServerResponse>();
  const inTurn: RequestListener = (request, response) => {
    const before = answering.get(request.socket);
    answering.set(request.socket, response);
    // What is sent before the last answer has come waits for it: a connection has one request worked on, however many it sends.
    if (before === undefined || before.writableFinished || before.destroyed) listener(request, response);
    else before.once('close', () => request.socket.destroyed || listener(request, response));
  };
  const server = createServer(LIMITS, inTurn);
  server.maxRequestsPerSocket = LIMITS.maxRequestsPerSocket;
  server.maxConnections = LIMITS.maxConnections;
  server.maxHeadersCount = 2 * MAX_HEADERS;
  server.on('checkExpectation', inTurn);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const fault = connectionFault(error.code);
    const traceId = random.traceId();
    log.info('refused', { correlation_id: traceId, code: fault.code, status: fault.entry.status });
    const response = answering.get(socket);
    const isDue = response?.req.complete && !response.writableEnded;
    // What is no HTTP came after a request whose answer is still due: the answer goes first, and nothing after it.
    if (isDue) response.once('close', () => socket.destroy());
    else refuseConnection(socket, fault, { issuer: issuer(), traceId });
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

function connectionFault(code: string | undefined): Fault {
  if (code === 'HPE_HEADER_OVERFLOW') return new Fault('PV-021');
  return new Fault(code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'PV-022' : 'PV-023');
}

function refuseConnection(socket: Duplex, fault: Fault, { issuer, traceId }: { issuer: string; traceId: string }): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = faultBody(fault, issuer, traceId);
  const headers = { ...PRIVATE_JSON, 'Content-Length': `${Buffer.byteLength(body)}`, Connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${fault.entry.status} Refused\r\n${lines.join('')}\r\n${body}`);
}
