import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import t from 'tap';
import { catalogue } from '../../server/core/catalogue.ts';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { createHttpServer } from '../../server/http/limits.ts';
import { random } from '../../server/random.ts';
import { refused, startTestServer, type TestServer } from '../token/server.ts';

const claims = { scope: 'prove:kart.read' };
const form = (assertion: string): string => new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();

/** A request for a token as bytes. */
async function request(server: TestServer, more = ''): Promise<string> {
  const body = form(await server.assertion('demo-consumer', { claims }));
  const type = 'Content-Type: application/x-www-form-urlencoded';
  return `POST /token HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}

/** Stops what is spent until it is let go, and tells how many are at it. */
function hold(server: TestServer): { letGo: () => void; held: () => number; arrived: (count: number) => Promise<void> } {
  const { assertions } = server.storage;
  const spend = assertions.spend.bind(assertions);
  const go = Promise.withResolvers<void>();
  const waiting: { count: number; resolve: () => void }[] = [];
  let count = 0;
  assertions.spend = async (...given) => {
    count++;
    for (const each of waiting) if (each.count === count) each.resolve();
    await go.promise;
    return spend(...given);
  };
  const arrived = (wanted: number): Promise<void> =>
    count >= wanted ? Promise.resolve() : new Promise((resolve) => waiting.push({ count: wanted, resolve }));
  return { letGo: go.resolve, held: () => count, arrived };
}

/** Everything that comes until the server ends the connection. */
async function everything(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

t.test('PV-SEC-113 PV-402 one too many is refused at once, while self-service and health answer', async (t) => {
  const server = await startTestServer(t, { limits: { concurrency: 2, queue: 1 } });
  const operator = { scope: 'portvakt:operator' };
  const { body } = await server.ask(await server.assertion('demo-operator', { claims: operator }));
  const place = hold(server);
  const send = async () => server.ask(await server.assertion('demo-consumer', { claims }));
  const first = send();
  await place.arrived(1);
  const others = [send(), send()];
  const answer = await Promise.race(others);
  refused(t, answer, { code: 'PV-402', ...catalogue['PV-402'] });
  t.equal(answer.headers.get('retry-after'), '1');
  t.equal(place.held(), 1, 'the one that waits has not been begun');
  const headers = { Authorization: `Bearer ${body.access_token}` };
  t.equal((await server.get('/api/v1/operator/organizations', { headers })).status, 200);
  t.same([(await server.get('/health/live')).status, (await server.get('/health/ready')).status], [200, 200]);
  t.equal((await server.get('/jwk')).status, 200);
  place.letGo();
  t.equal((await first).status, 200);
  t.same((await Promise.all(others)).map(({ status }) => status).sort(), [200, 503], 'and the one that waited is answered');
  t.equal((await send()).status, 200, 'every place has been given back');
  t.equal(server.lines.filter(({ fields }) => fields.code === 'PV-402').length, 0);
});

t.test('PV-SEC-113 a refusal and a fault give the place back, too', async (t) => {
  const server = await startTestServer(t, { limits: { concurrency: 1, queue: 1 } });
  for (let n = 0; n < 5; n++) t.equal((await server.post('nonsense')).status, 400);
  t.equal((await server.get('/api/v1/clients')).status, 401);
  t.equal((await server.get('/api/v1/clients')).status, 401);
  t.equal((await server.ask(await server.assertion('demo-consumer', { claims }))).status, 200);
});

t.test('PV-SEC-113 the API has its own places, and says in its own words when they are taken', async (t) => {
  const server = await startTestServer(t, { limits: { concurrency: 1, queue: 1 } });
  const { body } = await server.ask(await server.assertion('demo-operator', { claims: { scope: 'portvakt:operator' } }));
  const { organizations } = server.storage;
  const find = organizations.find.bind(organizations);
  const go = Promise.withResolvers<void>();
  organizations.find = async (orgno) => {
    await go.promise;
    return find(orgno);
  };
  const headers = { Authorization: `Bearer ${body.access_token}` };
  const calls = [1, 2, 3].map(() => server.get('/api/v1/operator/organizations', { headers }));
  const answer = await Promise.race(calls);
  t.match(answer, { status: 503, body: { status: 503, error: 'temporarily_unavailable', error_uri: /PV-402$/ } });
  t.equal(answer.headers.get('retry-after'), '1');
  go.resolve();
  t.same((await Promise.all(calls)).map(({ status }) => status).sort(), [200, 200, 503]);
  t.equal(server.lines.filter(({ message }) => message === 'failed').length, 0, 'it is no fault of ours');
});

t.test('PV-SEC-068 who sends slowly takes no place', async (t) => {
  const server = await startTestServer(t, { limits: { concurrency: 1, queue: 1 } });
  const bytes = await request(server);
  const slow = Array.from({ length: 50 }, () => connect(server.port, '127.0.0.1'));
  await Promise.all(slow.map((socket) => once(socket, 'connect')));
  for (const [n, socket] of slow.entries()) socket.write(bytes.slice(0, n % 2 ? 40 : -1));
  t.equal((await server.ask(await server.assertion('demo-consumer', { claims }))).status, 200);
  for (const socket of slow) socket.destroy();
});

t.test('PV-SEC-068 who sends a body to the API slowly takes no place either', async (t) => {
  const server = await startTestServer(t, { limits: { concurrency: 1, queue: 1 } });
  const { body } = await server.ask(await server.assertion('demo-operator', { claims: { scope: 'portvakt:operator' } }));
  const headers = { Authorization: `Bearer ${body.access_token}` };
  const slow = Array.from({ length: 5 }, () => connect(server.port, '127.0.0.1'));
  await Promise.all(slow.map((socket) => once(socket, 'connect')));
  const lines = [
    ...['POST /api/v1/operator/organizations HTTP/1.1', 'Host: x', `Authorization: ${headers.Authorization}`],
    ...['Content-Type: application/json', 'Content-Length: 100', '', '{'],
  ];
  for (const socket of slow) {
    socket.write(lines.join('\r\n'));
    t.equal((await server.get('/api/v1/operator/organizations', { headers })).status, 200);
  }
  for (const socket of slow) socket.destroy();
});

t.test('PV-SEC-111 of what a client sends at once no more is admitted than its limit', async (t) => {
  const server = await startTestServer(t, { limits: { client: 3 } });
  const assertions = await Promise.all(Array.from({ length: 10 }, () => server.assertion('demo-consumer', { claims })));
  const place = hold(server);
  let refusals = 0;
  const answers = assertions.map(async (assertion) => {
    const { status } = await server.ask(assertion);
    if (status === 429) refusals++;
    return status;
  });
  while (place.held() + refusals < assertions.length) await server.get('/health/live');
  place.letGo();
  t.same((await Promise.all(answers)).sort(), [...Array(3).fill(200), ...Array(7).fill(429)]);
});

t.test('PV-SEC-112 what the server cannot answer costs neither the client nor its address anything', async (t) => {
  const limits = { client: 3, address: 9, concurrency: 2, queue: 1 };
  const server = await startTestServer(t, { config: { proxies: ['127.0.0.1'] }, limits });
  const send = async (): Promise<number> =>
    (await server.post(form(await server.assertion('demo-consumer', { claims })), { 'X-Forwarded-For': '203.0.113.9' })).status;
  const { assertions } = server.storage;
  const spend = assertions.spend.bind(assertions);
  assertions.spend = async () => {
    throw new StoreUnavailable('full');
  };
  for (let n = 0; n < 6; n++) t.equal(await send(), 503, 'the store is full');
  assertions.spend = spend;
  const place = hold(server);
  const first = send();
  await place.arrived(1);
  let refusals = 0;
  const others = Array.from({ length: 7 }, async () => {
    const status = await send();
    if (status === 503) refusals++;
    return status;
  });
  while (refusals < 6) await server.get('/health/live');
  place.letGo();
  t.same([await first, ...(await Promise.all(others)).sort()], [200, 200, ...Array(6).fill(503)], 'one waited');
  t.same([await send(), await send()], [200, 429], 'three tokens, as ever');
});

t.test('PV-SEC-062 requests of one connection are worked on one after the other, and answered in order', async (t) => {
  const server = await startTestServer(t, { limits: { concurrency: 1, queue: 1 } });
  const { assertions } = server.storage;
  const spend = assertions.spend.bind(assertions);
  let [now, most] = [0, 0];
  assertions.spend = async (...given) => {
    most = Math.max(most, ++now);
    return spend(...given).finally(() => now--);
  };
  const many = await Promise.all([...Array(6).keys()].map(() => request(server)));
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`${many.join('')}GET /jwk HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const text = await everything(socket);
  t.same(text.match(/HTTP\/1\.1 \d+/g), Array(7).fill('HTTP/1.1 200'));
  t.match(text, /access_token[\s\S]*"keys"/);
  t.equal(most, 1);
});

t.test('PV-SEC-062 a sender that has closed its half is answered, unless something is missing', async (t) => {
  const server = await startTestServer(t);
  const whole = connect(server.port, '127.0.0.1');
  whole.end(await request(server));
  t.match(await everything(whole), /^HTTP\/1\.1 200 [\s\S]*access_token/);
  const half = connect(server.port, '127.0.0.1');
  half.end((await request(server)).slice(0, -5));
  t.notMatch(await everything(half), 'access_token');
  const idle = connect(server.port, '127.0.0.1');
  idle.end();
  t.equal(await everything(idle), '');
  t.equal((await server.get('/health/ready')).status, 200);
});

t.test('PV-SEC-062 PV-022 a header that does not come to its end in time is refused, and the connection closed', async (t) => {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const server = createHttpServer((_, response) => response.end(), { issuer: () => 'http://localhost/', random, log });
  server.headersTimeout = 1;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  t.match(await everything(socket), /^HTTP\/1\.1 408 [\s\S]*\/errors\/PV-022"/);
});

t.test('PV-SEC-062 Node’s limits are set, not left to its defaults', async (t) => {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const server = createHttpServer(() => {}, { issuer: () => '', random, log });
  t.match(server, {
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 5_000,
    maxRequestsPerSocket: 1_000,
    maxConnections: 10_000,
    maxHeadersCount: 200,
  });
});
