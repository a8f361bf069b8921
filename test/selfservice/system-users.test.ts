import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { adminOf, items, refusedByApi, sameEachTime, startApi, type TestApi } from './api.ts';
import { tagOf } from './delegable.ts';

const WRITE = ['portvakt:systems.write'] as const;
const { supplier, customer, consumer } = ORGANIZATIONS;
const SYSTEM = `${supplier.orgno}_sagbruk`;
const NONE = '00000000-0000-4000-8000-000000000000';

async function parties(api: TestApi) {
  const [vendor, buyer, stranger] = await Promise.all([
    api.as('supplier', WRITE),
    api.as('customer', WRITE),
    api.as('consumer', WRITE),
  ]);
  const { clientId } = api.server.client('demo-supplier');
  return { vendor, buyer, stranger, clientId };
}

/** What the token endpoint says to the vendor's client that acts as the customer's system user. */
async function tokenAs({ server }: TestApi, externalRef?: string) {
  const details = {
    type: 'urn:altinn:systemuser',
    systemuser_org: { authority: 'iso6523-actorid-upis', ID: `0192:${customer.orgno}` },
    ...(externalRef !== undefined && { externalRef }),
  };
  const assertion = await server.assertion('demo-supplier', {
    scope: 'prove:kart.read',
    claims: { authorization_details: [details] },
  });
  const { status, body } = await server.ask(assertion);
  return status === 200 ? 'token' : `${body.error_uri}`.slice(-6);
}

t.test('a vendor registers, reads, replaces and deactivates a system, each with its audit record', async (t) => {
  const api = await startApi(t);
  const { vendor, stranger, clientId } = await parties(api);
  const wish = { system_id: SYSTEM, name: 'Sagbruk', description: 'Tømmer', client_ids: [clientId] };
  const made = await vendor.post('/systems', wish);
  t.match(made.body, { ...wish, vendor_orgno: supplier.orgno, active: true });
  const path = `/systems/${SYSTEM}`;
  t.same((await vendor.get(path)).body, made.body);
  t.same(sameEachTime(await stranger.get(path)), sameEachTime(await vendor.get(`${path}x`)));
  refusedByApi(t, await vendor.post('/systems', wish), 'PV-609', 'system_id');
  const { system_id: _, ...settings } = wish;
  refusedByApi(t, await vendor.put(path, settings), 'PV-628');
  const tag = await tagOf(vendor, path);
  const changed = await vendor.put(path, { name: 'Høvleri', vendor_orgno: supplier.orgno }, tag);
  t.match(changed.body, { name: 'Høvleri', client_ids: [], active: true });
  t.equal(changed.body.description, undefined, 'PUT replaces');
  refusedByApi(t, await vendor.put(path, settings, tag), 'PV-612');
  refusedByApi(t, await vendor.put(path, { ...wish, system_id: `${SYSTEM}2` }, await tagOf(vendor, path)), 'PV-601', 'system_id');
  t.equal((await vendor.delete(path, await tagOf(vendor, path))).body.active, false);
  t.notOk(items(await vendor.get('/systems')).some(({ system_id }) => system_id === SYSTEM));
  t.ok(items(await vendor.get('/systems?inactive=true')).some(({ system_id }) => system_id === SYSTEM));
  const types = (await api.server.storage.audit.list(9)).map(({ type }) => type).filter((type) => type.startsWith('system.'));
  t.same(types, ['system.deactivated', 'system.changed', 'system.registered']);
});

t.test("a system is refused under another's number, with another's client, and as another vendor's", async (t) => {
  const api = await startApi(t);
  const { vendor } = await parties(api);
  const wish = { system_id: SYSTEM, name: 'Sagbruk' };
  for (const [change, field] of [
    [{ system_id: `${consumer.orgno}_sagbruk` }, 'system_id'],
    [{ system_id: supplier.orgno }, 'system_id'],
    [{ system_id: `${SYSTEM}/../x` }, 'system_id'],
    [{ name: '' }, 'name'],
    [{ client_ids: [adminOf('consumer')] }, 'client_ids.0'],
    [{ client_ids: ['finnes-ikke'] }, 'client_ids.0'],
    [{ created: '2026-01-01T00:00:00Z' }, 'created'],
  ] as const)
    refusedByApi(t, await vendor.post('/systems', { ...wish, ...change }), 'PV-601', field);
  const foreign = await vendor.post('/systems', { ...wish, vendor_orgno: consumer.orgno });
  t.equal(foreign.status, 403);
  refusedByApi(t, foreign, 'PV-643', 'vendor_orgno');
  t.equal((await vendor.get(`/systems/${SYSTEM}`)).status, 404);
});

t.test('the vendor asks, the customer approves, and both revoke; each is in force at the next token', async (t) => {
  const api = await startApi(t);
  const { vendor, buyer, stranger, clientId } = await parties(api);
  await vendor.post('/systems', { system_id: SYSTEM, name: 'Sagbruk', client_ids: [clientId] });
  for (const who of [vendor, buyer]) {
    const asked = await vendor.post('/systemusers', { system_id: SYSTEM, customer_orgno: customer.orgno, external_ref: 'sag-1' });
    t.match(asked.body, { state: 'REQUESTED', external_ref: 'sag-1', customer_orgno: customer.orgno });
    const path = `/systemusers/${asked.body.id}`;
    for (const party of [vendor, buyer]) t.same((await party.get(path)).body, asked.body);
    for (const rest of ['/approve', '/revoke'])
      t.same(sameEachTime(await stranger.post(`${path}${rest}`)), sameEachTime(await vendor.post(`/systemusers/${NONE}${rest}`)));
    t.equal(await tokenAs(api, 'sag-1'), 'MP-303', 'asked for is not given');
    refusedByApi(t, await vendor.post(`${path}/approve`), 'PV-643');
    t.equal((await buyer.post(`${path}/approve?dry_run=true`)).body.state, 'ACTIVE');
    t.equal(await tokenAs(api, 'sag-1'), 'MP-303', 'a dry run changes nothing');
    t.equal((await buyer.post(`${path}/approve`)).body.state, 'ACTIVE');
    t.equal(await tokenAs(api, 'sag-1'), 'token');
    t.equal((await who.post(`${path}/revoke`)).body.state, 'REVOKED');
    t.equal(await tokenAs(api, 'sag-1'), 'MP-303');
    refusedByApi(t, await buyer.post(`${path}/approve`), 'PV-609', 'state');
    const [record] = await api.server.storage.audit
      .list(2)
      .then((all) => all.filter(({ type }) => type.startsWith('systemuser')));
    t.match(record, { type: 'systemuser.revoked', details: { before: { state: 'ACTIVE' }, after: { state: 'REVOKED' } } });
  }
});

t.test('one customer has several system users by reference, and one of each', async (t) => {
  const api = await startApi(t);
  const { vendor, buyer, stranger } = await parties(api);
  await vendor.post('/systems', { system_id: SYSTEM, name: 'Sagbruk' });
  const wish = { system_id: SYSTEM, customer_orgno: customer.orgno };
  const first = await vendor.post('/systemusers', wish);
  t.equal(first.body.external_ref, customer.orgno, "the customer's number where none is named");
  const second = await vendor.post('/systemusers', { ...wish, external_ref: 'to' });
  refusedByApi(t, await vendor.post('/systemusers', wish), 'PV-609', 'external_ref');
  refusedByApi(t, await vendor.post('/systemusers', { ...wish, external_ref: customer.orgno }), 'PV-609', 'external_ref');
  refusedByApi(t, await stranger.post('/systemusers', wish), 'PV-601', 'system_id');
  refusedByApi(t, await vendor.post('/systemusers', { ...wish, customer_orgno: '310555054' }), 'PV-601', 'customer_orgno');
  refusedByApi(t, await vendor.post('/systemusers', { ...wish, state: 'ACTIVE' }), 'PV-601', 'state');
  const ids = [first, second].map(({ body }) => body.id);
  const list = async (caller: typeof vendor, query: string) =>
    items(await caller.get(`/systemusers?${query}`))
      .map(({ id }) => id)
      .filter((id) => ids.includes(id)).length;
  t.equal(await list(vendor, 'role=vendor'), 2);
  t.equal(await list(vendor, 'role=customer'), 0);
  t.equal(await list(buyer, ''), 2);
  t.equal(await list(stranger, ''), 0);
  await buyer.post(`/systemusers/${first.body.id}/revoke`);
  t.equal(await list(buyer, ''), 1);
  t.equal(await list(buyer, 'inactive=true'), 2);
  t.equal((await vendor.post('/systemusers', wish)).status, 200, 'again after it was revoked');
});

t.test('an inactive system is asked for nothing more, and approved for nothing', async (t) => {
  const api = await startApi(t);
  const { vendor, buyer } = await parties(api);
  await vendor.post('/systems', { system_id: SYSTEM, name: 'Sagbruk' });
  const { body } = await vendor.post('/systemusers', { system_id: SYSTEM, customer_orgno: customer.orgno });
  const path = `/systems/${SYSTEM}`;
  await vendor.delete(path, await tagOf(vendor, path));
  refusedByApi(
    t,
    await vendor.post('/systemusers', { system_id: SYSTEM, customer_orgno: consumer.orgno }),
    'PV-609',
    'system_id',
  );
  refusedByApi(t, await buyer.post(`/systemusers/${body.id}/approve`), 'PV-609', 'system_id');
});
