import t from 'tap';
import { refusedByApi } from '../selfservice/api.ts';
import { type Answer, startTestServer, type TestServer } from '../token/server.ts';

const proxies = ['127.0.0.1'];
const LIST = '/api/v1/operator/organizations';
const LOOKUP = '/accessmanagement/api/v1/maskinporten/delegations?supplierOrg=1&consumerOrg=2&scope=a:b';

/** Calls as a proxy on this machine hands it on. */
function callFrom(server: TestServer, address: string, token: string, path = LIST): Promise<Answer> {
  return server.get(path, { headers: { Authorization: `Bearer ${token}`, 'X-Forwarded-For': address } });
}

async function operatorToken(server: TestServer): Promise<string> {
  const { body } = await server.ask(await server.assertion('demo-operator', { claims: { scope: 'portvakt:operator' } }));
  return String(body.access_token);
}

/** A token of this server with another signature. */
function forged(token: string): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(342)}`;
}

async function statuses(times: number, call: () => Promise<Answer>): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < times; n++) found.push((await call()).status);
  return found;
}

t.test(
  'PV-SEC-111 PV-401 an address that shows forged tokens is refused before they are verified, with no line each',
  async (t) => {
    const server = await startTestServer(t, { limits: { address: 2 }, config: { proxies } });
    const token = await operatorToken(server);
    for (const path of [LIST, LOOKUP]) {
      const address = path === LIST ? '192.0.2.1' : '192.0.2.2';
      t.same(await statuses(4, () => callFrom(server, address, forged(token), path)), [401, 401, 429, 429], path);
      t.equal((await callFrom(server, address, token, path)).headers.get('retry-after'), '30');
    }
    refusedByApi(t, await callFrom(server, '192.0.2.1', 'nonsense'), 'PV-401');
    t.equal((await callFrom(server, '192.0.2.3', token)).status, 200, 'others are not concerned');
    t.equal(server.lines.filter(({ fields }) => fields.code === 'PV-401').length, 0);
  },
);

t.test('PV-SEC-112 an address pays for what nobody has proven, and for nothing else', async (t) => {
  const server = await startTestServer(t, { limits: { address: 2 }, config: { proxies } });
  const token = await operatorToken(server);
  t.same(await statuses(5, () => callFrom(server, '192.0.2.1', token)), [200, 200, 200, 200, 200]);
  t.same(
    await statuses(4, () => callFrom(server, '192.0.2.1', token, '/api/v1/clients')),
    [403, 403, 403, 403],
    'a token without the scope is one all the same',
  );
  const everybody = () => server.get('/api/v1/scopes/all', { headers: { 'X-Forwarded-For': '192.0.2.1' } });
  t.same(await statuses(3, everybody), [200, 200, 429], 'what everybody may read is proven by nobody');
});

t.test('PV-SEC-111 PV-401 a client and its organisation make no more calls than the limit', async (t) => {
  const server = await startTestServer(t, { limits: { client: 3 } });
  const token = await operatorToken(server);
  t.same(await statuses(4, () => callFrom(server, '192.0.2.1', token)), [200, 200, 200, 429]);
  server.clock.time += 20;
  t.equal((await callFrom(server, '192.0.2.1', token)).status, 200, 'it comes back evenly');
  t.equal((await callFrom(server, '192.0.2.1', token)).status, 429);
  t.ok(await operatorToken(server), 'tokens and calls are counted apart');
});

t.test('PV-SEC-111 who calls too much is counted in the audit, not kept one by one', async (t) => {
  const server = await startTestServer(t, { limits: { client: 1 } });
  const token = await operatorToken(server);
  t.same(await statuses(4, () => callFrom(server, '192.0.2.1', token)), [200, 429, 429, 429]);
  const { storage } = server;
  const append = storage.audit.append;
  const kept: { details?: { refusals?: object } }[] = [];
  storage.audit.append = async (record) => {
    kept.push(record as (typeof kept)[number]);
    return append(record);
  };
  await server.close();
  t.same(kept[0]?.details?.refusals, { 'PV-401': 3 });
});
