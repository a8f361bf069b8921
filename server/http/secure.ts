import { constants } from 'node:crypto';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer } from 'node:https';

/** Certificate chain and private key, both in PEM. */
export type TlsMaterial = { readonly chain: string; readonly key: string };

/** What every answer under TLS carries: for two years nobody comes back in plain HTTP. RFC 6797 §6.1, `PV-SEC-064` */
export const STRICT_TRANSPORT = { 'Strict-Transport-Security': 'max-age=63072000' } as const;

/**
 * TLS 1.3 where the client has it, and of 1.2 forward secrecy and authenticated encryption alone; nothing is negotiated anew on a
 * connection. RFC 9325 §4.2, `PV-SEC-064`
 */
const TLS = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
    ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ].join(':'),
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const;

/** An HTTP server under TLS; a handshake has as long as a header. What fails in it is a `clientError`, like what is no HTTP. */
export function createSecureServer(
  { chain, key }: TlsMaterial,
  limits: ServerOptions & { readonly headersTimeout: number },
  listener: RequestListener,
): Server {
  const server = createServer({ ...limits, ...TLS, handshakeTimeout: limits.headersTimeout, cert: chain, key }, listener);
  // One that takes too long is left open by Node, and no answer would ever leave on it.
  server.prependListener('tlsClientError', (_, socket) => socket.destroy());
  return server;
}
