import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { startTestServer } from '../token/server.ts';
import { ROOT, writeTls } from './tls-files.ts';

/** Far above what a stop takes that waits for nobody, and below the time after which connections are cut. Milliseconds. */
const SOON = 5_000;

t.test('PV-SEC-124 a connection on which nothing was asked does not hold up a server that stops at once', async (t) => {
  const server = await startTestServer(t);
  const silent = connect(server.port, '127.0.0.1');
  await once(silent, 'connect');
  await fetch(new URL('jwk', server.issuer)).then((answer) => answer.arrayBuffer());
  const began = performance.now();
  await Promise.all([once(silent, 'close'), server.close()]);
  t.ok(performance.now() - began < SOON);
});

t.test('PV-SEC-124 nor does one under TLS, before its handshake or after it', async (t) => {
  const server = await startTestServer(t, { config: { tls: writeTls(t.testdir({})) }, systemClock: true });
  const raw = connect(server.port, '127.0.0.1').on('error', () => {});
  await once(raw, 'connect');
  const secured = connectTls({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: ROOT }).on('error', () => {});
  await once(secured, 'secureConnect');
  const began = performance.now();
  await Promise.all([once(raw, 'close'), once(secured, 'close'), server.close()]);
  t.ok(performance.now() - began < SOON);
});
