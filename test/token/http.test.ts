import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { catalogue, type FaultCode } from '../../server/core/catalogue.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { type Answer, refused, startTestServer } from './server.ts';

const kart = { scope: 'prove:kart.read' };

function expectation(code: FaultCode): { code: string; status: number; error: string; phrase: string } {
  return { code, ...catalogue[code] };
}

const form = (assertion: string): string => new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();

/** Sends bytes as they are and reads until the server closes the connection. */
async function raw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => chunks.push(Buffer.from('')));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

t.test('PV-SEC-059 the form may carry any charset, in any case of letters (contract §1.2)', async (t) => {
  const server = await startTestServer(t);
  for (const type of [
    'application/x-www-form-urlencoded; charset=utf-8',
    'application/x-www-form-urlencoded;charset=ISO-8859-1',
    'APPLICATION/X-WWW-Form-Urlencoded',
  ]) {
    t.equal((await server.post(form(await server.assertion('demo-consumer', kart)), { 'Content-Type': type })).status, 200, type);
  }
  for (const accept of ['*/*', 'application/json', 'text/html']) {
    t.equal((await server.post(form(await server.assertion('demo-consumer', kart)), { Accept: accept })).status, 200, accept);
  }
});

t.test('PV-SEC-061 the colons of grant_type need no encoding, and fields that nobody knows change nothing', async (t) => {
  const server = await startTestServer(t);
  const bare = async () => `grant_type=${JWT_BEARER}&assertion=${await server.assertion('demo-consumer', kart)}`;
  t.equal((await server.post(await bare())).status, 200);
  const { body } = await server.post(`${await bare()}&scope=prove:bygg.read&client_id=x&audience=y&&foo=`);
  t.equal(body.scope, 'prove:kart.read');
});

t.test('PV-SEC-060 PV-010 a form that is not one grant_type and one assertion is refused', async (t) => {
  const server = await startTestServer(t);
  const assertion = await server.assertion('demo-consumer', kart);
  const grant = `grant_type=${encodeURIComponent(JWT_BEARER)}`;
  const bodies = [
    ...[
      '',
      '&',
      '=',
      grant,
      `assertion=${assertion}`,
      `${grant}&assertion=`,
      `${grant}&assertion`,
      `grant_type=&assertion=${assertion}`,
    ],
    ...[
      `${grant}&${grant}&assertion=${assertion}`,
      `${grant}&assertion=${assertion}&assertion=${assertion}`,
      `${grant}&assertion=${assertion}&foo=1&foo=1`,
    ],
    ...[
      `${grant}&assertion=${assertion}&%66oo=1&foo=2`,
      `${grant}&assertion=${assertion}%`,
      `${grant}&assertion=${assertion}&x=%zz`,
      `${grant}&assertion=${assertion}&x=%ff`,
    ],
    ...[
      `${grant}&assertion=${assertion}&x=%c0%80`,
      `${grant}&Assertion=${assertion}`,
      `GRANT_TYPE=${JWT_BEARER}&assertion=${assertion}`,
      `{"grant_type":"${JWT_BEARER}"}`,
    ],
  ];
  for (const body of bodies) refused(t, await server.post(body), expectation('PV-010'));
  refused(t, await server.post(Buffer.from(`${grant}&assertion=${assertion}&x=\xe6`, 'latin1')), expectation('PV-010'));
  for (const type of [
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencodedx',
    '',
  ]) {
    refused(t, await server.post(`${grant}&assertion=${assertion}`, { 'Content-Type': type }), expectation('PV-010'));
  }
  t.equal((await server.post(`${grant}&assertion=${assertion}`)).status, 200, 'none of them spent it');
});

t.test('PV-SEC-060 an assertion in the address is refused, and other queries are never read', async (t) => {
  const server = await startTestServer(t);
  const assertion = await server.assertion('demo-consumer', kart);
  refused(t, await server.post(form(assertion), {}, `/token?assertion=${assertion}`), expectation('PV-010'));
  refused(t, await server.post(form(assertion), {}, '/token?x=1&%61ssertion'), expectation('PV-010'));
  t.equal((await server.post(form(assertion), {}, '/token?grant_type=x&foo=%zz')).status, 200);
});

t.test('PV-013 another grant_type is unsupported_grant_type (RFC 6749 §5.2)', async (t) => {
  const server = await startTestServer(t);
  const assertion = await server.assertion('demo-consumer', kart);
  for (const type of ['client_credentials', 'authorization_code', `${JWT_BEARER} `, JWT_BEARER.toUpperCase()]) {
    refused(t, await server.post(new URLSearchParams({ grant_type: type, assertion }).toString()), expectation('PV-013'));
  }
});

t.test('PV-018 an address answers only its own methods, and says which (RFC 9110 §15.5.6)', async (t) => {
  const server = await startTestServer(t);
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const answer = await server.get('/token', { method });
    t.equal(answer.status, 405, method);
    t.equal(answer.headers.get('allow'), 'POST');
    if (method !== 'HEAD') refused(t, answer, expectation('PV-018'));
  }
  const answer = await server.get('/jwk', { method: 'POST' });
  refused(t, answer, expectation('PV-018'));
  t.equal(answer.headers.get('allow'), 'GET, HEAD');
});

t.test('PV-017 every other address is 404 in JSON, the engine’s own among them (decisions 6, 15)', async (t) => {
  const server = await startTestServer(t);
  const paths = [
    ...[
      '/',
      '/auth',
      '/.well-known/openid-configuration',
      '/jwks',
      '/me',
      '/session/end',
      '/request',
      '/device',
      '/reg',
      '/token/introspection',
      '/token/revocation',
      '/token/',
    ],
    ...[
      '/errors',
      '/errors/',
      '/errors/MP-999',
      '/errors/__proto__',
      '/errors/toString',
      '/health',
      '/health/live/x',
      '/..%2f',
      '/%00',
      '/TOKEN',
      '//token',
    ],
  ];
  for (const path of paths) refused(t, await server.get(path), expectation('PV-017'));
  const { status, body } = await server.get('/api/v1/nothing');
  t.equal(status, 404, 'that of the self-service API in its own shape (contract §5.1.1)');
  t.match(body, { status: 404, error: 'not_found', error_uri: /\/errors\/PV-017$/ });
});

t.test('PV-019 PV-SEC-059 a body over 48 KiB is refused while it is read, and the connection closed', async (t) => {
  const server = await startTestServer(t);
  refused(t, await server.post('x'.repeat(49 * 1024 + 1)), expectation('PV-019'));
  const chunk = `${(16 * 1024).toString(16)}\r\n${'x'.repeat(16 * 1024)}\r\n`;
  const head = 'POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n';
  const chunked = await raw(server.port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(5)}`);
  t.match(chunked, /^HTTP\/1\.1 413 /);
  t.match(chunked, /Connection: close/i);
  t.match(await raw(server.port, `${head}Content-Length: 99999999\r\n\r\n`), /^HTTP\/1\.1 413 /, 'before a byte of it is sent');
});

t.test('PV-020 a compressed body is 415 (PV-SEC-059)', async (t) => {
  const server = await startTestServer(t);
  for (const coding of ['gzip', 'deflate', 'br', 'identity', 'x'])
    refused(t, await server.post('x', { 'Content-Encoding': coding }), expectation('PV-020'));
});

t.test('PV-021 PV-SEC-062 a header over 16 KiB or of more than 100 fields is 431', async (t) => {
  const server = await startTestServer(t);
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`x-${i}`, 'y']));
  refused(t, await server.post('x', many), expectation('PV-021'));
  const large = await raw(server.port, `GET /jwk HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(17 * 1024)}\r\n\r\n`);
  t.match(large, /^HTTP\/1\.1 431 /);
  t.match(large, /"error_uri":"[^"]*\/errors\/PV-021"/);
});

t.test('PV-023 what is no HTTP is answered in JSON and the connection closed (PV-SEC-067)', async (t) => {
  const server = await startTestServer(t);
  const good = 'Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n';
  const broken = [
    'hello\r\n\r\n',
    Buffer.from('160301020001000001fc0303', 'hex'),
    `POST /token HTTP/1.1\r\n${good}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /token HTTP/1.1\r\n${good}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    `POST /token HTTP/1.1\r\n${good}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `POST /token HTTP/1.1\r\n${good} folded: x\r\n\r\n`,
    'GET /jwk HTTP/9.9\r\n\r\n',
    'GET /jwk HTTP/1.1\r\nConnection: close\r\n\r\n',
  ];
  for (const bytes of broken) {
    const answer = await raw(server.port, bytes);
    t.match(answer, /^HTTP\/1\.1 400 /, JSON.stringify(bytes.toString().slice(0, 40)));
    t.match(answer, /"error_uri":"[^"]*\/errors\/PV-0(10|23)"/);
  }
  t.equal((await server.get('/health/live')).status, 200);
});

t.test(
  'PV-SEC-067 a target that is no address, or two Host fields, is 400; a whole address is as good as its path',
  async (t) => {
    const server = await startTestServer(t);
    const rest = 'Host: x\r\nConnection: close\r\n\r\n';
    for (const target of ['http://[::1/token', 'http://[fe80::1%25en0]/jwk', 'http://a:99999/jwk', 'jwk']) {
      t.match(await raw(server.port, `GET ${target} HTTP/1.1\r\n${rest}`), /^HTTP\/1\.1 400 [\s\S]*\/errors\/PV-023"/, target);
    }
    t.match(await raw(server.port, `GET /jwk HTTP/1.1\r\nHost: y\r\n${rest}`), /^HTTP\/1\.1 400 /);
    t.match(await raw(server.port, `GET http://token.example.no/jwk HTTP/1.1\r\n${rest}`), /^HTTP\/1\.1 200 /);
    t.match(await raw(server.port, `OPTIONS * HTTP/1.1\r\n${rest}`), /^HTTP\/1\.1 40[04] /);
    t.equal(server.lines.filter(({ message }) => message === 'failed').length, 0);
  },
);

t.test(
  'what is no HTTP after a good request does not take its answer, and every refusal is in the log by its trace id',
  async (t) => {
    const server = await startTestServer(t);
    const body = form(await server.assertion('demo-consumer', kart));
    const head = `POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
    t.match(await raw(server.port, `${head}${body}GARBAGE\r\n\r\n`), /^HTTP\/1\.1 200 [\s\S]*access_token/);
    const [, id] = /trace_id: ([0-9a-f]{32})/.exec(await raw(server.port, 'hello\r\n\r\n')) ?? [];
    t.ok(server.lines.some(({ fields }) => fields.correlation_id === id && fields.code === 'PV-023'));
  },
);

t.test('PV-SEC-063 no CORS headers and no cookies on any answer', async (t) => {
  const server = await startTestServer(t);
  const answers = [
    await server.post(form(await server.assertion('demo-consumer', kart)), { Origin: 'https://evil.example' }),
    await server.get('/token', {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    }),
    await server.get('/jwk', { headers: { Origin: 'https://evil.example' } }),
  ];
  for (const { headers } of answers) {
    t.equal(headers.get('access-control-allow-origin'), null);
    t.equal(headers.get('set-cookie'), null);
  }
});

t.test('PV-SEC-066 every answer has a correlation id of its own, which is the trace id of a refusal', async (t) => {
  const server = await startTestServer(t);
  const answers = [await server.get('/jwk'), await server.get('/nothing'), await server.post('x')];
  const ids = answers.map(({ headers }) => headers.get('x-correlation-id') ?? '');
  for (const id of ids) t.match(id, /^[0-9a-f]{32}$/);
  t.equal(new Set(ids).size, 3);
  t.match((answers[1] as Answer).body.error_description, `(trace_id: ${ids[1]})`);
});

t.test('metadata has exactly the contract’s members, with and without a trailing slash (contract §4.1)', async (t) => {
  const server = await startTestServer(t);
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/']) {
    const { status, headers, body } = await server.get(path);
    t.equal(status, 200);
    t.equal(headers.get('content-type'), 'application/json');
    t.match(headers.get('cache-control'), /^public, max-age=[0-9]+$/);
    t.strictSame(body, {
      issuer: server.issuer,
      token_endpoint: `${server.issuer}token`,
      jwks_uri: `${server.issuer}jwk`,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      grant_types_supported: [JWT_BEARER],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'RS512'],
      authorization_details_types_supported: ['urn:altinn:systemuser', 'urn:altinn:consent'],
    });
  }
});

t.test('PV-SEC-097 the key set shows public members only, each key with kid, use and alg (contract §4.2)', async (t) => {
  const server = await startTestServer(t);
  for (const path of ['/jwk', '/jwk/', '/jwk.json']) {
    const { body, headers } = await server.get(path);
    t.match(headers.get('cache-control'), /^public, max-age=[0-9]+$/);
    const [key] = body.keys as Record<string, unknown>[];
    t.same(Object.keys(key ?? {}).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
    t.match(key, { kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB' });
  }
  const head = await server.get('/jwk', { method: 'HEAD' });
  t.equal(head.status, 200);
  t.equal(head.text, '');
});

t.test(
  'every code has an address that answers: a page for people, JSON for programs that prefer it (contract §3.3)',
  async (t) => {
    const server = await startTestServer(t);
    for (const [code, { error, cause, fix }] of Object.entries(catalogue)) {
      const json = await server.get(`/errors/${code}`, { headers: { Accept: 'application/json' } });
      t.equal(json.status, 200, code);
      t.match(json.body, { code, error, cause, fix, texts: { en: String } });
      const page = await server.get(`/errors/${code}`, { headers: { Accept: 'text/html,*/*;q=0.8' } });
      t.match(page.headers.get('content-type'), /^text\/html/);
      t.match(page.headers.get('content-security-policy'), "default-src 'none'");
      t.ok(page.text.includes(`<h1>${code}</h1>`));
    }
    const head = await server.get('/errors/MP-012', { method: 'HEAD' });
    t.equal(head.status, 200);
    t.equal(head.text, '');
    const unknown = await server.get('/errors/MP-999', { headers: { Accept: 'text/html' } });
    refused(t, unknown, expectation('PV-017'));
  },
);

t.test('health tells whether the process lives and whether it can issue (PV-SEC-070)', async (t) => {
  const server = await startTestServer(t);
  t.strictSame((await server.get('/health/live')).body, { status: 'live' });
  t.strictSame((await server.get('/health/ready')).body, { status: 'ready' });
  await server.storage.close();
  t.equal((await server.get('/health/live')).status, 200, 'liveness asks nothing of the store');
  refused(t, await server.get('/health/ready'), expectation('PV-502'));
});

t.test(
  'PV-502 PV-SEC-030 a store that fails means no token, 503 with Retry-After, and no word of why to the client',
  async (t) => {
    const server = await startTestServer(t);
    const assertion = await server.assertion('demo-consumer', kart);
    await server.storage.close();
    const answer = await server.post(form(assertion));
    refused(t, answer, expectation('PV-502'));
    t.match(answer.headers.get('retry-after'), /^[0-9]+$/);
    t.notMatch(answer.text, /sqlite|database connection|\.db|\/tmp/i);
    t.ok(
      server.lines.some(({ message, fields }) => message === 'failed' && fields.code === 'PV-502'),
      'the log has it',
    );
  },
);

t.test('PV-500 what nobody foresaw is a server_error that says nothing but its trace id', async (t) => {
  const server = await startTestServer(t);
  const assertion = await server.assertion('demo-consumer', kart);
  server.storage.clients.find = async () => {
    throw new TypeError('secret internals');
  };
  const answer = await server.post(form(assertion));
  refused(t, answer, expectation('PV-500'));
  t.notMatch(answer.text, /secret|TypeError|at /);
  t.ok(server.lines.some(({ fields }) => fields.error === 'secret internals'));
});

t.test('a sender that goes away in the middle harms nobody and is no fault of ours', async (t) => {
  const server = await startTestServer(t);
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nhalf',
  );
  await server.get('/health/live');
  socket.resetAndDestroy();
  await once(socket, 'close');
  t.equal((await server.get('/health/ready')).status, 200);
  t.equal(server.lines.filter(({ message }) => message === 'failed').length, 0);
});
