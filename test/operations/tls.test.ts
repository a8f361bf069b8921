import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import * as oauth from 'oauth4webapi';
import t from 'tap';
import { Agent, fetch, type RequestInit } from 'undici';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { WATCHED } from '../telemetry/watched.ts';
import { startTestServer } from '../token/server.ts';
import { KEYS, ROOT, writeTls } from './tls-files.ts';

const files = writeTls(t.testdir({}));
const server = await startTestServer(t, { config: { tls: files, operations: WATCHED }, systemClock: true });
const dispatcher = new Agent({ connect: { ca: ROOT } });
t.teardown(() => dispatcher.close());

/** A handshake as a client of these means makes it. @returns the connection, or the error's code */
async function handshake(means: object = {}): Promise<TLSSocket | string> {
  const socket = connectTls({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: ROOT, ...means });
  try {
    await once(socket, 'secureConnect');
    return socket;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  }
}

/** Sends bytes in the clear and reads until the server closes. */
async function plain(bytes: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

t.test('PV-SEC-064 a client of the standard discovers the server over TLS and gets a token', async (t) => {
  t.match(server.issuer, /^https:\/\/localhost:\d+\/$/);
  const issuer = new URL(server.issuer);
  const options = { [oauth.customFetch]: (url: string, init: object) => fetch(url, { ...init, dispatcher } as RequestInit) };
  const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' } as object);
  const metadata = await oauth.processDiscoveryResponse(issuer, found);
  t.equal(metadata.token_endpoint, `${server.issuer}token`);
  const assertion = await server.assertion('demo-consumer', { scope: 'prove:bygg.read' });
  const client = { client_id: server.client('demo-consumer').clientId };
  const answer = await oauth.genericTokenEndpointRequest(
    ...[metadata, client, oauth.None(), JWT_BEARER, new URLSearchParams({ assertion }), options as object],
  );
  const { access_token } = await oauth.processGenericTokenEndpointResponse(metadata, client, answer);
  t.match(access_token, /^ey/);
  t.equal(answer.headers.get('strict-transport-security'), 'max-age=63072000');
});

t.test('PV-SEC-064 every answer says that nobody comes back in plain HTTP: refusals, errors, and what is no HTTP', async (t) => {
  for (const path of ['jwk', 'token', 'nowhere']) {
    const { headers } = await fetch(new URL(path, server.issuer), { dispatcher });
    t.match(headers.get('strict-transport-security'), /^max-age=(?:[3-9]\d{7}|\d{9})$/, path);
  }
  const socket = await handshake();
  if (typeof socket === 'string') return t.fail(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).end('this is no HTTP\r\n\r\n');
  await once(socket, 'close');
  t.match(String(Buffer.concat(chunks)), /^HTTP\/1\.1 400 [\s\S]*Strict-Transport-Security: max-age=/);
});

t.test('PV-SEC-064 TLS 1.3 is what a client gets that has it; 1.2 with forward secrecy serves, and nothing less', async (t) => {
  const usual = await handshake();
  const older = await handshake({ maxVersion: 'TLSv1.2' });
  if (typeof usual === 'string' || typeof older === 'string') return t.fail('both are served');
  t.equal(usual.getProtocol(), 'TLSv1.3');
  t.equal(older.getProtocol(), 'TLSv1.2');
  t.match(older.getCipher().name, /^ECDHE-RSA-(?:AES\d{3}-GCM|CHACHA20)/);
  for (const socket of [usual, older]) socket.destroy();
  const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0' };
  t.match(await handshake(weak), /HANDSHAKE_FAILURE/);
  t.match(await handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }), /PROTOCOL_VERSION/);
});

t.test('plain HTTP, garbage and half a handshake end cleanly at the port of TLS, and the next client is served', async (t) => {
  const refusals = () => server.lines.filter(({ fields }) => fields.code === 'PV-023').length;
  const before = refusals();
  const clear = await plain('GET /jwk HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.notMatch(clear, /HTTP\/1\.1 200|"keys"/, 'nothing is said in the clear');
  await plain('\0'.repeat(500));
  await plain('\x16\x03\x01\x02\x00\x01\x00');
  t.ok(refusals() - before >= 2, 'the log says that something came');
  t.match(server.lines.at(-1)?.fields.detail, /^(?:ERR_|ECONNRESET)/);
  t.equal((await fetch(new URL('jwk', server.issuer), { dispatcher })).status, 200);
});

t.test(
  'PV-SEC-062 a handshake that does not come to its end in time is cut, of whoever sends nothing or half of it',
  async (t) => {
    const closed = ['', '\x16\x03\x01\x02\x00\x01\x00'].map(async (bytes) => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {});
      t.teardown(() => socket.destroy());
      socket.write(bytes, 'latin1');
      await once(socket.resume(), 'close', { signal: AbortSignal.timeout(13_000) });
    });
    await t.resolves(Promise.all(closed));
    t.match(server.lines.at(-1)?.fields, { code: 'PV-022', detail: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
  },
);

t.test('a client that does not trust the authority, or looks for another name, is not served', async (t) => {
  t.match(await handshake({ ca: [] }), /UNABLE_TO_|SELF_SIGNED/);
  t.equal(await handshake({ servername: 'token.example.no' }), 'ERR_TLS_CERT_ALTNAME_INVALID');
});

t.test('those who watch are answered in plain HTTP as before, and see how long the certificate has left', async (t) => {
  const page = await (await fetch(`http://127.0.0.1:${server.operationsPort}/metrics`)).text();
  const [, left] = /^portvakt_tls_certificate_end_seconds (\S+)$/m.exec(page) ?? [];
  t.ok(Math.abs(Number(left) - 90 * 86_400) < 300, `${left} seconds`);
});

t.test('what ends soon is warned of, and a server with an ended certificate serves all the same', async (t) => {
  for (const [days, message] of [
    [5, 'the TLS certificate ends soon'],
    [-1, 'the TLS certificate has ended'],
  ] as const) {
    const ends = Math.floor(Date.now() / 1000) + days * 86_400;
    const tls = writeTls(t.testdir({}), { ends, key: KEYS.second });
    const other = await startTestServer(t, { config: { tls }, systemClock: true });
    const [warning] = other.lines.filter((line) => line.message === message);
    t.match(warning?.fields.detail, /renew it, and reload with SIGHUP/, message);
    await other.close();
  }
});

t.test('PV-SEC-124 what is not finished in time is cut, one in the middle of its handshake too', async (t) => {
  const other = await startTestServer(t, { config: { tls: files, shutdown: { delay: 0, timeout: 0.3 } } });
  const half = connect(other.port, '127.0.0.1').on('error', () => {});
  await once(half, 'connect');
  const gone = once(half, 'close');
  await other.close();
  await gone;
  t.pass('it ends');
});
