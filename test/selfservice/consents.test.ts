import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { items, refusedByApi, sameEachTime, startApi, type TestApi } from './api.ts';

const { consumer, customer } = ORGANIZATIONS;
const PERSON = 'urn:altinn:person:identifier-no:01819010192';
const FIRM = `urn:altinn:organization:identifier-no:${customer.orgno}`;
const RIGHT = {
  action: ['consent'],
  resource: [{ type: 'urn:altinn:resource', value: 'prove-inntekt' }],
  metadata: { inntektsaar: '2025' },
};
const WISH = { from: PERSON, to_orgno: consumer.orgno, valid_to: '2026-01-31T00:00:00Z', consent_rights: [RIGHT] };
const NONE = '00000000-0000-4000-8000-000000000000';

async function parties(api: TestApi) {
  const [front, recipient, giver, stranger] = await Promise.all([
    api.as('owner', ['portvakt:consents.front']),
    api.as('consumer', ['portvakt:consents.write']),
    api.as('customer', ['portvakt:consents.write']),
    api.as('supplier', ['portvakt:consents.write']),
  ]);
  return { front, recipient, giver, stranger };
}

/** What the token endpoint says to the recipient's client that uses the consent. */
async function tokenWith({ server }: TestApi, id: unknown, from: string) {
  const claims = { authorization_details: [{ type: 'urn:altinn:consent', id, from }] };
  const { status, body } = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:kart.read', claims }));
  return status === 200 ? 'token' : `${body.error_uri}`.slice(-6);
}

t.test("a front registers a person's consent, its recipient reads and uses it, and nobody else sees it", async (t) => {
  const api = await startApi(t);
  const { front, recipient, giver, stranger } = await parties(api);
  const made = await front.post('/consents', WISH);
  t.match(made.body, { ...WISH, valid_to: '2026-01-31T00:00:00.000Z', consented: '2026-01-01T00:00:00.000Z', state: 'ACTIVE' });
  const path = `/consents/${made.body.id}`;
  t.same((await recipient.get(path)).body, made.body);
  for (const other of [giver, stranger])
    t.same(sameEachTime(await other.get(path)), sameEachTime(await other.get(`/consents/${NONE}`)));
  t.equal(await tokenWith(api, made.body.id, PERSON), 'token');
  t.equal(await tokenWith(api, made.body.id, FIRM), 'MP-303');
  refusedByApi(t, await front.get(path), 'PV-641');
  refusedByApi(t, await recipient.post('/consents', WISH), 'PV-641');
});

t.test("PV-SEC-104 a person's number stands in no record of the audit and no line of the log", async (t) => {
  const api = await startApi(t);
  const { front } = await parties(api);
  const { body } = await front.post('/consents', WISH);
  await front.post(`/consents/${body.id}/revoke`, { from: PERSON });
  const records = await api.server.storage.audit.list(20);
  t.same(
    records.map(({ type }) => type).filter((type) => type.startsWith('consent.')),
    ['consent.revoked', 'consent.given'],
  );
  t.notMatch(JSON.stringify(records), /01819010192/);
  t.notMatch(JSON.stringify(api.server.lines), /01819010192/);
});

t.test('a consent is refused that could not have been given, and its numbers are not said again', async (t) => {
  const api = await startApi(t);
  const { front } = await parties(api);
  for (const [change, field] of [
    [{ from: 'urn:altinn:person:identifier-no:01819010193' }, 'from'],
    [{ from: '01819010192' }, 'from'],
    [{ from: undefined }, 'from'],
    [{ to_orgno: '310555038' }, 'to_orgno'],
    [{ valid_to: '2025-12-31T00:00:00Z' }, 'valid_to'],
    [{ valid_to: '2026-01-31' }, 'valid_to'],
    [{ consent_rights: [] }, 'consent_rights'],
    [{ consent_rights: [{ ...RIGHT, action: [] }] }, 'consent_rights.0.action'],
    [{ consent_rights: [{ ...RIGHT, metaData: {} }] }, 'consent_rights.0.metaData'],
    [{ consent_rights: [{ ...RIGHT, metadata: { aar: 2025 } }] }, 'consent_rights.0.metadata.aar'],
    [{ consented: '2020-01-01T00:00:00Z' }, 'consented'],
    [{ id: NONE }, 'id'],
  ] as const) {
    const answer = await front.post('/consents', { ...WISH, ...change });
    refusedByApi(t, answer, 'PV-601', field);
    t.notMatch(answer.text, /0181901019/);
  }
});

t.test('the giver revokes, for a person the front that names it; the recipient does not', async (t) => {
  const api = await startApi(t);
  const { front, recipient, giver, stranger } = await parties(api);
  const firm = (await front.post('/consents', { ...WISH, from: FIRM })).body;
  const person = (await front.post('/consents', WISH)).body;
  for (const consent of [firm, person]) refusedByApi(t, await recipient.post(`/consents/${consent.id}/revoke`), 'PV-643');
  for (const other of [stranger, front]) refusedByApi(t, await other.post(`/consents/${firm.id}/revoke`), 'PV-604');
  refusedByApi(t, await front.post(`/consents/${person.id}/revoke`, { from: FIRM }), 'PV-604');
  refusedByApi(t, await stranger.post(`/consents/${person.id}/revoke`, { from: PERSON }), 'PV-604');
  t.equal(await tokenWith(api, firm.id, FIRM), 'token');
  t.equal((await giver.post(`/consents/${firm.id}/revoke`)).body.state, 'REVOKED');
  t.equal(await tokenWith(api, firm.id, FIRM), 'MP-303');
  t.equal((await front.post(`/consents/${person.id}/revoke`, { from: PERSON })).body.state, 'REVOKED');
  t.equal(await tokenWith(api, person.id, PERSON), 'MP-303');
  t.equal((await giver.post(`/consents/${firm.id}/revoke`)).body.state, 'REVOKED', 'what is revoked stays revoked');
});

t.test('lists show the own part, and what is revoked or over only with inactive=true', async (t) => {
  const api = await startApi(t);
  const { front, recipient, giver, stranger } = await parties(api);
  const ids = [
    (await front.post('/consents', { ...WISH, from: FIRM })).body.id,
    (await front.post('/consents', { ...WISH, valid_to: '2026-01-01T00:01:00Z' })).body.id,
  ];
  const list = async (caller: typeof giver, query: string) =>
    items(await caller.get(`/consents?${query}`))
      .map(({ id }) => id)
      .filter((id) => ids.includes(`${id}`)).length;
  t.equal(await list(recipient, ''), 2);
  t.equal(await list(recipient, 'role=giver'), 0);
  t.equal(await list(giver, 'role=giver'), 1);
  t.equal(await list(stranger, ''), 0);
  api.server.clock.time += 60;
  t.equal(await list(recipient, 'role=recipient'), 1);
  t.equal(await list(recipient, 'role=recipient&inactive=true'), 2);
});
