import t from 'tap';
import { START } from '../token/server.ts';
import { items, refusedByApi, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const CONSUMER = server.client('demo-consumer');
const SUPPLIER = server.client('demo-supplier');
const CLOSED = 'prove:bygg.read';
const OPEN = 'prove:kart.read';
const OWN = { clientId: CONSUMER.clientId, consumerOrgno: CONSUMER.orgno };
const LAST = '2026-01-01T00:00:00.000Z';

await server.storage.tokenCounts.add([
  { ...OWN, scope: CLOSED, tokens: 3, lastToken: START },
  { ...OWN, scope: OPEN, tokens: 1, lastToken: START },
  { ...OWN, clientId: server.client('demo-certificate').clientId, scope: CLOSED, tokens: 4, lastToken: START - 60 },
  { clientId: SUPPLIER.clientId, consumerOrgno: SUPPLIER.orgno, scope: OPEN, tokens: 7, lastToken: START },
  { ...OWN, clientId: SUPPLIER.clientId, scope: CLOSED, tokens: 5, lastToken: START - 30 },
]);

t.test('an organisation sees the tokens of its own clients, and no others', async (t) => {
  const consumer = await api.as('consumer', ['idporten:dcr.read']);
  const mine = { consumer_orgno: '310555037', last_token: LAST };
  const counts = items(await consumer.get('/token-counts'));
  t.ok(counts.every(({ client_id }) => client_id !== SUPPLIER.clientId));
  t.same(items(await consumer.get(`/token-counts?client_id=${CONSUMER.clientId}`)), [
    { ...mine, client_id: CONSUMER.clientId, scope: CLOSED, tokens: 3 },
    { ...mine, client_id: CONSUMER.clientId, scope: OPEN, tokens: 1 },
  ]);
  const foreign = await consumer.get(`/token-counts?client_id=${SUPPLIER.clientId}`);
  refusedByApi(t, foreign, 'PV-604');
  t.same(foreign.body.error_description, (await consumer.get('/token-counts?client_id=nothing')).body.error_description);
});

t.test('an owner sees the tokens with its scope by consumer and supplier, and no client of theirs', async (t) => {
  const owner = await api.as('owner', ['idporten:scopes.read']);
  const ofClosed = items(await owner.get(`/token-counts?scope=${CLOSED}`));
  const ofConsumer = { consumer_orgno: '310555037', scope: CLOSED };
  t.same(ofClosed, [
    { ...ofConsumer, tokens: 7, last_token: LAST },
    { ...ofConsumer, supplier_orgno: '310555045', tokens: 5, last_token: '2025-12-31T23:59:30.000Z' },
  ]);
  const ofOpen = items(await owner.get(`/token-counts?scope=${OPEN}`));
  t.same(
    ofOpen.map(({ consumer_orgno, tokens }) => [consumer_orgno, tokens]),
    [
      ['310555037', 1],
      ['310555045', 7],
    ],
  );
});

t.test('a supplier sees for whom its tokens were', async (t) => {
  const supplier = await api.as('supplier', ['idporten:dcr.read']);
  t.same(
    items(await supplier.get(`/token-counts?client_id=${SUPPLIER.clientId}`)).map((count) => [
      count.scope,
      count.consumer_orgno,
      count.supplier_orgno,
      count.tokens,
    ]),
    [
      [CLOSED, CONSUMER.orgno, SUPPLIER.orgno, 5],
      [OPEN, SUPPLIER.orgno, undefined, 7],
    ],
  );
});

t.test('an owner sees the sums of its scopes in one list, and nobody else does', async (t) => {
  const owner = await api.as('owner', ['idporten:scopes.read']);
  t.same(items(await owner.get('/token-counts?of=scopes')), [
    { scope: CLOSED, tokens: 12, last_token: LAST },
    { scope: OPEN, tokens: 8, last_token: LAST },
  ]);
  const other = await api.as('consumer', ['idporten:scopes.read']);
  t.same(items(await other.get('/token-counts?of=scopes')), []);
  refusedByApi(t, await other.get('/token-counts?of=clients'), 'PV-641');
});

t.test('each half takes a scope of its own, and another organisation’s scope is as none', async (t) => {
  const owner = await api.as('owner', ['idporten:scopes.read']);
  refusedByApi(t, await owner.get('/token-counts'), 'PV-641');
  const consumer = await api.as('consumer', ['idporten:dcr.read']);
  refusedByApi(t, await consumer.get(`/token-counts?scope=${CLOSED}`), 'PV-641');
  const reader = await api.as('consumer', ['idporten:scopes.read']);
  refusedByApi(t, await reader.get(`/token-counts?scope=${CLOSED}`), 'PV-604');
  refusedByApi(t, await api.nobody.get('/token-counts'), 'PV-640');
});

t.test('PV-SEC-089 the counts come in pages', async (t) => {
  const consumer = await api.as('consumer', ['idporten:dcr.read']);
  const all = items(await consumer.get('/token-counts?limit=200'));
  const paged: unknown[] = [];
  for (let path: string | undefined = '/token-counts?limit=1'; path !== undefined; ) {
    const answer = await consumer.get(path);
    paged.push(...items(answer));
    path = /<\/api\/v1([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  t.ok(all.length >= 3);
  t.same(paged, all);
});
