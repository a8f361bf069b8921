import t from 'tap';
import { START } from '../token/server.ts';
import { adminOf, items, refusedByApi, sameEachTime, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.read', 'idporten:dcr.write']);
const CUSTOMER = {
  onbehalfof: 'bygg_kunde_1',
  name: 'Liksom Fisk AS',
  orgno: '310555053',
  description: 'Kunde nr 1',
  uri: 'https://fisk.example.no',
  logo_uri: 'https://fisk.example.no/logo',
};
const TIMES = { created: '2026-01-01T00:00:00.000Z', last_updated: '2026-01-01T00:00:00.000Z' };

/** Registers a client, and answers with the path of its customers. */
async function register(...customers: object[]): Promise<string> {
  const { body } = await consumer.post('/clients', { client_name: 'a', description: 'a' });
  const path = `/clients/${body.client_id}/onbehalfof`;
  for (const customer of customers) await consumer.post(path, customer);
  return path;
}

t.test('contract §5.4 a customer is registered, read, listed, shown on its client, replaced and removed', async (t) => {
  const path = await register();
  t.same(items(await consumer.get(path)), []);
  const wire = { ...CUSTOMER, organization_name: 'Liksom Fisk AS', ...TIMES };
  const made = await consumer.post(path, CUSTOMER);
  t.equal(made.status, 200);
  t.same(made.body, wire);
  t.same((await consumer.get(`${path}/bygg_kunde_1`)).body, wire);
  t.same(items(await consumer.get(path)), [wire]);
  const client = path.slice(0, -'/onbehalfof'.length);
  t.same((await consumer.get(client)).body.onbehalfof, [wire]);
  server.clock.time = START + 60;
  const replaced = await consumer.put(`${path}/bygg_kunde_1`, { name: 'Ny', orgno: '310555029' });
  server.clock.time = START;
  t.same(replaced.body, {
    ...{ onbehalfof: 'bygg_kunde_1', name: 'Ny', orgno: '310555029', organization_name: 'Prøveetaten' },
    ...{ ...TIMES, last_updated: '2026-01-01T00:01:00.000Z' },
  });
  const removed = await consumer.delete(`${path}/bygg_kunde_1`);
  t.equal(removed.status, 200);
  t.equal(removed.text, '');
  t.same(items(await consumer.get(path)), []);
  t.notOk('onbehalfof' in (await consumer.get(client)).body);
  t.equal((await consumer.post(path, CUSTOMER)).status, 200, 'what was removed may come again');
});

t.test(
  'contract §5.4 the older names display_name and url are taken, null is absent, and an answer may be sent back',
  async (t) => {
    const path = await register();
    const { name, uri, ...rest } = CUSTOMER;
    const { body, status } = await consumer.post(path, { ...rest, display_name: name, url: uri, description: null });
    t.equal(status, 200);
    t.match(body, { name, uri });
    t.notOk('description' in body);
    const again = await consumer.put(`${path}/${rest.onbehalfof}`, {
      ...body,
      organization_name: 'Annet',
      created: 7,
      unknown: 1,
    });
    t.same(again.body, body);
  },
);

t.test('contract §5.4 a customer need not be registered as an organisation, and then has no organization_name', async (t) => {
  const { body } = await consumer.post(await register(), { ...CUSTOMER, orgno: '974760673' });
  t.equal(body.orgno, '974760673');
  t.notOk('organization_name' in body);
});

t.test(
  'contract §5.1 POST of what exists is 409, another client may use the same id, and of many at once one gets it',
  async (t) => {
    const path = await register();
    const answers = await Promise.all(Array.from({ length: 8 }, () => consumer.post(path, CUSTOMER)));
    t.same(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409, 409, 409]);
    const refusal = answers.find(({ status }) => status === 409);
    if (refusal) refusedByApi(t, refusal, 'PV-609', 'onbehalfof');
    t.equal((await consumer.post(await register(), CUSTOMER)).status, 200);
  },
);

const flawed: readonly [member: string, values: readonly unknown[]][] = [
  ['onbehalfof', [undefined, '', 7, 'a b', 'a/b', '..', '.', 'a::b', 'æ', 'a'.repeat(256)]],
  ['name', [undefined, '', 7, 'a\u0000', 'a'.repeat(256)]],
  ['orgno', [undefined, '', 310555053, '310555054', '0192:310555053', {}]],
  ['description', [7, {}, 'a'.repeat(4001)]],
  ['uri', [7, ['https://fisk.example.no']]],
  ['logo_uri', [false]],
];
for (const [member, values] of flawed) {
  t.test(`contract §5.4 ${member} that is missing or of a wrong type or form is refused, and named`, async (t) => {
    const path = await register({ ...CUSTOMER, onbehalfof: 'staar' });
    const { body: before } = await consumer.get(`${path}/staar`);
    for (const value of values) {
      refusedByApi(t, await consumer.post(path, { ...CUSTOMER, [member]: value }), 'PV-601', member);
      if (member === 'onbehalfof' && value === undefined) continue;
      refusedByApi(
        t,
        await consumer.put(`${path}/staar`, { ...CUSTOMER, onbehalfof: 'staar', [member]: value }),
        'PV-601',
        member,
      );
    }
    t.same((await consumer.get(`${path}/staar`)).body, before);
    t.equal(items(await consumer.get(path)).length, 1);
  });
}

t.test('contract §5.4 the id in the body is that in the address', async (t) => {
  const path = await register(CUSTOMER);
  refusedByApi(t, await consumer.put(`${path}/bygg_kunde_1`, { ...CUSTOMER, onbehalfof: 'b' }), 'PV-601', 'onbehalfof');
});

t.test('a customer that is not there is 404 to every method, and so is one of another organisation’s client', async (t) => {
  const path = await register(CUSTOMER);
  const owner = await api.as('owner', ['idporten:dcr.read', 'idporten:dcr.write']);
  const none = `/clients/7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44/onbehalfof`;
  for (const [method, body] of [['GET'], ['PUT', CUSTOMER], ['DELETE']] as const) {
    refusedByApi(t, await consumer.send(method, `${path}/x`, { body: body && { ...body, onbehalfof: 'x' } }), 'PV-604');
    const foreign = await owner.send(method, `${path}/bygg_kunde_1`, { body });
    refusedByApi(t, foreign, 'PV-604');
    t.same(sameEachTime(foreign), sameEachTime(await owner.send(method, `${none}/bygg_kunde_1`, { body })));
  }
  refusedByApi(t, await owner.post(path, { ...CUSTOMER, onbehalfof: 'b' }), 'PV-604');
  t.equal(items(await consumer.get(path)).length, 1);
});

t.test('contract §5.1.2 both spellings of the scope for customers open their changes, and nothing else', async (t) => {
  const path = await register(CUSTOMER);
  for (const scope of ['idporten:dcr/onbehalfof.write', 'idporten:dcr/onbehalfof:write', 'idporten:dcr.modify'] as const) {
    const writer = await api.as('consumer', [scope]);
    t.equal((await writer.put(`${path}/bygg_kunde_1`, CUSTOMER)).status, 200);
    if (scope !== 'idporten:dcr.modify') t.equal((await writer.get('/clients')).status, 403);
  }
  const reader = await api.as('consumer', ['idporten:dcr.read']);
  t.equal((await reader.get(path)).status, 200);
  refusedByApi(t, await reader.delete(`${path}/bygg_kunde_1`), 'PV-641');
});

t.test('PV-SEC-087 a customer carries a tag; an old one is refused, and of many with one tag one is let through', async (t) => {
  const path = `${await register(CUSTOMER)}/bygg_kunde_1`;
  const tag = { 'If-Match': (await consumer.get(path)).headers.get('etag') ?? '' };
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, place) => consumer.put(path, { ...CUSTOMER, name: `navn ${place}` }, tag)),
  );
  t.same(answers.map(({ status }) => status).sort(), [200, 412, 412, 412, 412, 412, 412, 412]);
  refusedByApi(t, await consumer.delete(path, tag), 'PV-612');
});

t.test('PV-SEC-092 every change of a customer is recorded, before and after', async (t) => {
  const path = await register();
  const client = path.split('/')[2];
  await consumer.post(path, CUSTOMER);
  await consumer.put(`${path}/bygg_kunde_1`, { ...CUSTOMER, name: 'Ny' });
  await consumer.delete(`${path}/bygg_kunde_1`);
  const who = { clientId: adminOf('consumer'), orgno: '310555037', at: START };
  const subject = `client/${client}::bygg_kunde_1`;
  t.match(await server.storage.audit.list(3), [
    { ...who, type: 'onbehalfof.removed', details: { subject, before: { name: 'Ny' } } },
    { ...who, type: 'onbehalfof.changed', details: { subject, before: CUSTOMER, after: { name: 'Ny' } } },
    { ...who, type: 'onbehalfof.created', details: { subject, after: CUSTOMER } },
  ]);
});
