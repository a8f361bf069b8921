import t from 'tap';
import { items, refusedByApi, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.read', 'idporten:dcr.write', 'idporten:dcr.modify']);
const CLIENT = { client_name: 'a', description: 'a' };

/** Registers a client, and reads its tag. */
async function register(): Promise<{ path: string; tag: string }> {
  const { body } = await consumer.post('/clients', CLIENT);
  const path = `/clients/${body.client_id}`;
  return { path, tag: await tagOf(path) };
}

async function tagOf(path: string): Promise<string> {
  return (await consumer.get(path)).headers.get('etag') ?? '';
}

t.test(
  'PV-SEC-087 a read carries a tag, the same as the answer to the change before it, and another after each change',
  async (t) => {
    const { path, tag } = await register();
    t.equal(await tagOf(path), tag);
    const changed = await consumer.put(path, { ...CLIENT, client_name: 'b' });
    t.not(changed.headers.get('etag'), tag);
    t.equal(await tagOf(path), changed.headers.get('etag'));
    await consumer.post(`${path}/onbehalfof`, { onbehalfof: 'a', name: 'a', orgno: '310555053' });
    t.not(await tagOf(path), changed.headers.get('etag'), 'what is beneath a client is part of it');
  },
);

t.test(
  'PV-SEC-087 a change with the tag that stands is made, one with an old tag refused with 412, one without is made',
  async (t) => {
    const { path, tag } = await register();
    t.equal((await consumer.put(path, { ...CLIENT, client_name: 'b' }, { 'If-Match': tag })).status, 200);
    const before = await server.storage.clients.list();
    const stale = [
      await consumer.put(path, { ...CLIENT, client_name: 'c' }, { 'If-Match': tag }),
      await consumer.delete(path, { 'If-Match': tag }),
      await consumer.delete(path, { 'If-Match': '"x", W/"y"' }),
    ];
    for (const answer of stale) {
      t.equal(answer.status, 412);
      refusedByApi(t, answer, 'PV-612');
    }
    t.same(await server.storage.clients.list(), before);
    t.equal((await consumer.put(path, CLIENT)).status, 200);
    t.equal((await consumer.delete(path, { 'If-Match': `"x", ${await tagOf(path)}` })).status, 200);
  },
);

t.test('PV-SEC-087 of many who change with one tag, exactly one is let through', async (t) => {
  const { path, tag } = await register();
  const names = Array.from({ length: 20 }, (_, place) => `navn ${place}`);
  const answers = await Promise.all(
    names.map((client_name) => consumer.put(path, { ...CLIENT, client_name }, { 'If-Match': tag })),
  );
  const won = answers.filter(({ status }) => status === 200);
  t.equal(won.length, 1);
  t.equal(answers.filter(({ status }) => status === 412).length, 19);
  t.equal((await consumer.get(path)).body.client_name, won[0]?.body.client_name);
});

t.test('PV-SEC-087 many who change without a tag are all let through, each change applied whole', async (t) => {
  const { path } = await register();
  const wishes = Array.from({ length: 10 }, (_, place) => ({ client_name: `navn ${place}`, description: `navn ${place}` }));
  const answers = await Promise.all(wishes.map((wish) => consumer.put(path, wish)));
  t.ok(answers.every(({ status }) => status === 200));
  const { client_name, description } = (await consumer.get(path)).body;
  t.equal(client_name, description);
});

t.test('contract §5.2.1 of many who create one client_id, one gets 200 and the others 409, whoever they are', async (t) => {
  const owner = await api.as('owner', ['idporten:dcr.write']);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, place) =>
      (place % 2 ? owner : consumer).post('/clients', { ...CLIENT, client_id: 'om-kapp', client_name: `nr ${place}` }),
    ),
  );
  const won = answers.filter(({ status }) => status === 200);
  t.equal(won.length, 1);
  t.equal(answers.filter(({ status }) => status === 409).length, 19);
  t.equal((await server.storage.clients.find('om-kapp'))?.name, won[0]?.body.client_name);
  const records = (await server.storage.audit.list(1000)).filter(({ details }) => details.subject === 'client/om-kapp');
  t.equal(records.length, 1, 'and there is one record');
});

t.test('PV-SEC-085 clients without a wished id get ids of their own, also at once', async (t) => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => consumer.post('/clients', CLIENT)));
  t.equal(new Set(answers.map(({ body }) => body.client_id)).size, 10);
  t.ok(items(await consumer.get('/clients')).length >= 10);
});
