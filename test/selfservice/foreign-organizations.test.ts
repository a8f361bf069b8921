import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeWorld, ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { currentValidity, issue, makeKeyPair, sealExtensions, sealSubject } from '../../fixtures/test-ca.ts';
import { START } from '../token/server.ts';
import { items, refusedByApi, startApi, type TestApi } from './api.ts';
import { makeDelegable, tagOf } from './delegable.ts';

/** Organisations outside the Norwegian register, everywhere that a number is read or said. Contract §8.1, §8.2; `PV-SEC-021` */

const { consumer, supplier, foreign } = ORGANIZATIONS;
const SWEDE = foreign.orgno;
const SWEDISH_PARTY = { authority: 'iso6523-actorid-upis', ID: SWEDE };
const NORWEGIAN_PARTY = { authority: 'iso6523-actorid-upis', ID: `0192:${consumer.orgno}` };
const DELEGATE = ['portvakt:delegations.write'] as const;
const made = await makeWorld({ now: START });
const keys = await makeKeyPair();

/** A world with one seal authority, at hand to issue further seals. */
const start = (t: Test): Promise<TestApi> => startApi(t, { world: (world) => ({ ...world, trust: [...made.world.trust] }) });

/** Asks for a token with a seal that names the organisation so. */
async function askSealed({ server }: TestApi, clientId: string, identifier: string, claims: object) {
  const subject = sealSubject({ identifier, name: 'Påhittad Bygg AB' });
  const order = { subject, publicKey: keys.publicKey, ...currentValidity(START), extensions: sealExtensions() };
  const x5c = [issue(made.sealCa, order).der.toString('base64')];
  const signing = { clientId, audience: server.issuer, now: server.clock.time, key: keys.privateKey, x5c };
  return server.ask(await makeAssertion({ ...signing, claims: { ...claims } }));
}

const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

/** Registers a client of the Swedish organisation that signs with its seal. */
async function swedishClient(api: TestApi, scopes: readonly string[]): Promise<string> {
  const admin = await api.as('foreign', ['idporten:dcr.write']);
  const wish = { client_orgno: SWEDE, client_name: 'svensk', description: 'svensk', scopes, integration_type: 'maskinporten' };
  const client = await admin.post('/clients', { ...wish, token_endpoint_auth_method: 'private_key_jwt', grant_types: [JWT] });
  if (client.status !== 200) throw new Error(client.text);
  return String(client.body.client_id);
}
const JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

t.test('a seal of another country gets a token for a client of its organisation, which the owner has let in', async (t) => {
  const api = await start(t);
  const scope = await makeDelegable(api, 'skog.read');
  const owner = await api.as('owner', ['idporten:scopes.read', 'idporten:scopes.write']);
  const path = `/scopes/access/${encodeURIComponent(SWEDE)}?scope=${scope}`;
  const given = await owner.put(path);
  t.match(given, { status: 200, body: { consumer_orgno: SWEDE, consumer_organization_name: foreign.name } });
  t.match(items(await owner.get(`/scopes/access?consumer_orgno=${SWEDE}`)), [{ scope, consumer_orgno: SWEDE }]);
  const clientId = await swedishClient(api, [scope]);
  const answer = await askSealed(api, clientId, 'NTRSE-5560000001', { scope });
  t.equal(answer.status, 200, answer.text);
  t.match(claimsOf(answer.body.access_token), { consumer: SWEDISH_PARTY, client_amr: 'QCForESeal', scope });
  const explainer = await api.as('foreign', ['portvakt:explanations']);
  const explained = await explainer.post('/explanations', { client_id: clientId, scope });
  t.match(explained.body, { outcome: 'would_issue', consumer_orgno: SWEDE });
  const asPlain = await owner.delete(`/scopes/access/${SWEDE}?scope=${scope}`);
  t.match(asPlain, { status: 200, body: { state: 'DENIED' } }, 'a colon stands in a path as it is, too');
  t.match((await askSealed(api, clientId, 'NTRSE-5560000001', { scope })).body.error_uri, /MP-250$/);
});

t.test('PV-SEC-050 an authority that may assert Swedish organisations alone never yields a Norwegian number', async (t) => {
  const api = await start(t);
  const norwegian = 'demo-certificate';
  const { clientId } = api.server.client(norwegian);
  for (const identifier of [
    `NTRNO-${consumer.orgno}`,
    'NTRDK-24256790',
    'VATSE-556000000101',
    'PSDNO-FSA-310555037',
    'NTRSE-556000000',
  ])
    t.match((await askSealed(api, clientId, identifier, { scope: 'prove:kart.read' })).body.error_uri, /MP-120$/, identifier);
  const other = await askSealed(api, clientId, 'NTRSE-5560000001', { scope: 'prove:kart.read' });
  t.match(other.body.error_uri, /MP-122$/, 'its own number is not the client’s');
});

t.test('a Norwegian consumer delegates to a Swedish supplier, and a Swedish consumer to a Norwegian one', async (t) => {
  const api = await start(t);
  const scope = await makeDelegable(api, 'skog.read');
  await (await api.as('owner', ['idporten:scopes.write'])).put(`/scopes/access/${SWEDE}?scope=${scope}`);
  const [norwegian, swedish, supplying] = await Promise.all([
    api.as('consumer', DELEGATE),
    api.as('foreign', DELEGATE),
    api.as('supplier', ['idporten:dcr.write', ...DELEGATE]),
  ]);
  const given = await norwegian.post('/delegations', { supplier_orgno: SWEDE, scopes: [scope] });
  t.match(given, { status: 200, body: { consumer_orgno: consumer.orgno, supplier_orgno: SWEDE } });
  t.same(items(await swedish.get('/delegations?direction=received')), [given.body]);
  t.same(items(await norwegian.get(`/delegations?supplier_orgno=${encodeURIComponent(SWEDE)}`)), [given.body]);
  const clientId = await swedishClient(api, [scope]);
  const answer = await askSealed(api, clientId, 'NTRSE-5560000001', { scope, consumer_org: consumer.orgno });
  t.match(claimsOf(answer.body.access_token), { consumer: NORWEGIAN_PARTY, supplier: SWEDISH_PARTY });

  const back = await swedish.post('/delegations', { supplier_orgno: supplier.orgno, scopes: [scope] });
  t.match(back, { status: 200, body: { consumer_orgno: SWEDE, supplier_orgno: supplier.orgno } });
  const check = `/delegations/check?consumer_orgno=${SWEDE}&supplier_orgno=${supplier.orgno}&scope=${scope}`;
  t.match((await supplying.get(check)).body, { allowed: true });
  const address = `/clients/${api.server.client('demo-supplier').clientId}`;
  const { body: client } = await supplying.get(address);
  t.equal((await supplying.put(address, { ...client, scopes: [scope] })).status, 200);
  const asked = await api.server.ask(await api.server.assertion('demo-supplier', { scope, claims: { consumer_org: SWEDE } }));
  t.match(claimsOf(asked.body.access_token), { consumer: SWEDISH_PARTY, supplier: { ID: `0192:${supplier.orgno}` } });

  const path = `/delegations/${back.body.id}`;
  await swedish.delete(path, await tagOf(swedish, path));
  const refused = await api.server.ask(await api.server.assertion('demo-supplier', { scope, claims: { consumer_org: SWEDE } }));
  t.match(refused.body, { error_uri: /MP-251$/, error_description: new RegExp(`Consumer ${SWEDE} has not delegated`) });
});

t.test('a Swedish vendor has systems, and a Swedish customer system users of its own (contract §7.1)', async (t) => {
  const api = await start(t);
  const SYSTEMS = ['portvakt:systems.write'] as const;
  const [vendor, customer] = await Promise.all([api.as('foreign', SYSTEMS), api.as('consumer', SYSTEMS)]);
  const clientId = await swedishClient(api, ['prove:kart.read']);
  const systemId = `${SWEDE}_skog`;
  const system = await vendor.post('/systems', { system_id: systemId, name: 'Skog', client_ids: [clientId] });
  t.match(system, { status: 200, body: { system_id: systemId, vendor_orgno: SWEDE } });
  t.equal((await vendor.get(`/systems/${encodeURIComponent(systemId)}`)).status, 200);
  t.equal((await customer.get(`/systems/${encodeURIComponent(systemId)}`)).status, 404);
  for (const customerOrgno of [consumer.orgno, SWEDE]) {
    const asked = await vendor.post('/systemusers', { system_id: systemId, customer_orgno: customerOrgno });
    t.match(asked, { status: 200, body: { customer_orgno: customerOrgno, external_ref: customerOrgno } });
    const approver = customerOrgno === SWEDE ? vendor : customer;
    t.match((await approver.post(`/systemusers/${asked.body.id}/approve`)).body, { state: 'ACTIVE' });
    const owner = customerOrgno === SWEDE ? SWEDISH_PARTY : NORWEGIAN_PARTY;
    const details = [{ type: 'urn:altinn:systemuser', systemuser_org: owner }];
    const answer = await askSealed(api, clientId, 'NTRSE-5560000001', {
      scope: 'prove:kart.read',
      authorization_details: details,
    });
    t.match(claimsOf(answer.body.access_token).authorization_details, [
      { systemuser_org: owner, systemuser_id: [asked.body.id], system_id: systemId },
    ]);
  }
});

t.test('a consent is given to a Swedish organisation, and by it (contract §7.2)', async (t) => {
  const api = await start(t);
  const front = await api.as('owner', ['portvakt:consents.front']);
  const urn = `urn:altinn:organization:identifier-no:${SWEDE}`;
  const right = { action: ['consent'], resource: [{ type: 'urn:altinn:resource', value: 'prove-inntekt' }] };
  const terms = { valid_to: '2026-12-31T00:00:00Z', consent_rights: [right] };
  const given = await front.post('/consents', { from: urn, to_orgno: SWEDE, ...terms });
  t.match(given, { status: 200, body: { from: urn, to_orgno: SWEDE } });
  const clientId = await swedishClient(api, ['prove:kart.read']);
  const details = [{ type: 'urn:altinn:consent', id: given.body.id, from: urn }];
  const answer = await askSealed(api, clientId, 'NTRSE-5560000001', { scope: 'prove:kart.read', authorization_details: details });
  t.match(claimsOf(answer.body.access_token).authorization_details, [{ from: urn, to: SWEDISH_PARTY }]);
  const READ = ['portvakt:consents.read'] as const;
  t.same(items(await (await api.as('foreign', READ)).get('/consents?role=giver')), [given.body]);
  refusedByApi(
    t,
    await front.post('/consents', { from: urn.replace(SWEDE, '0192:310555037'), to_orgno: SWEDE, ...terms }),
    'PV-601',
    'from',
  );
});

t.test('the operator registers organisations of other registers, and gives them prefixes', async (t) => {
  const { as } = await start(t);
  const operator = await as('operator', ['portvakt:operator']);
  for (const orgno of ['0184:24256790', '0212:0112038-9', '0007:5560125790']) {
    t.match(await operator.post('/operator/organizations', { orgno, name: 'a' }), { status: 200, body: { orgno } });
    t.match(await operator.get(`/operator/organizations/${encodeURIComponent(orgno)}`), { status: 200, body: { orgno } });
    t.match((await operator.get(`/organizations/${orgno}`)).body, { orgnr: orgno, name: 'a' });
  }
  t.match(await operator.post('/operator/prefixes', { prefix: 'skog', owner_orgno: SWEDE }), {
    status: 200,
    body: { owner_orgno: SWEDE },
  });
  const owner = await as('foreign', ['idporten:scopes.write']);
  t.match(await owner.post('/scopes', { prefix: 'skog', subscope: 'a', description: 'a' }), {
    status: 200,
    body: { owner_orgno: SWEDE },
  });
});

/** Texts that are no organisation number in the one form that every field has. */
const WRONG = [
  `0192:${consumer.orgno}`,
  '5560000001',
  '0007:310555037',
  '0007:05560000001',
  '0007:5560000002',
  '0007:',
  '0007',
  '0007 :5560000001',
  ' 0007:5560000001',
  '0007:٥٥٦٠٠٠٠٠٠١',
  '٣١٠٥٥٥٠٣٧',
  '310 555 037',
  '9999:5560000001',
  'SE:5560000001',
  'NTRSE-5560000001',
  '0184:DK24256790',
  '0184:dk24256790',
  '0007:5560000001:1',
] as const;

t.test('PV-SEC-021 a number in another form is refused in every body and path that asks for one', async (t) => {
  const api = await start(t);
  const [operator, owner, giver, vendor, front, clients] = await Promise.all([
    api.as('operator', ['portvakt:operator']),
    api.as('owner', ['idporten:scopes.write', 'idporten:scopes.read']),
    api.as('consumer', DELEGATE),
    api.as('supplier', ['portvakt:systems.write']),
    api.as('owner', ['portvakt:consents.front']),
    api.as('supplier', ['idporten:dcr.write', 'idporten:dcr.supplier']),
  ]);
  for (const wrong of WRONG) {
    const path = encodeURIComponent(wrong);
    const client = { client_name: 'a', description: 'a', integration_type: 'maskinporten', scopes: [] };
    const refusals = [
      ['orgno', await operator.post('/operator/organizations', { orgno: wrong, name: 'a' })],
      ['owner_orgno', await operator.post('/operator/prefixes', { prefix: 'ny', owner_orgno: wrong })],
      ['consumer_orgno', await owner.put(`/scopes/access/${path}?scope=prove:bygg.read`)],
      ['consumer_orgno', await owner.delete(`/scopes/access/${path}?scope=prove:bygg.read`)],
      ['consumer_orgno', await owner.get(`/scopes/access?consumer_orgno=${path}`)],
      ['supplier_orgno', await giver.post('/delegations', { supplier_orgno: wrong, scopes: ['prove:bygg.read'] })],
      ['supplier_orgno', await giver.get(`/delegations?supplier_orgno=${path}`)],
      ['customer_orgno', await vendor.post('/systemusers', { system_id: `${supplier.orgno}_a`, customer_orgno: wrong })],
      ['to_orgno', await front.post('/consents', { from: `urn:altinn:person:identifier-no:01819010192`, to_orgno: wrong })],
      ['client_orgno', await clients.post('/clients', { ...client, client_orgno: wrong })],
    ] as const;
    for (const [field, answer] of refusals) {
      t.equal(answer.status, 400, `${wrong} ${field} ${answer.text}`);
      refusedByApi(t, answer, 'PV-601', field);
    }
    for (const address of ['/operator/organizations', '/organizations'])
      t.equal((await operator.get(`${address}/${path}`)).status, 404, `${address}/${wrong}`);
  }
});

t.test('PV-SEC-021 a number in another form is refused in consumer_org and in systemuser_org', async (t) => {
  const { server } = await start(t);
  const ask = async (claims: object) =>
    server.ask(await server.assertion('demo-supplier', { scope: 'prove:kart.read', claims: { ...claims } }));
  for (const wrong of WRONG) {
    t.match(await ask({ consumer_org: wrong }), { status: 400, body: { error_uri: /MP-011$/ } }, `consumer_org ${wrong}`);
    if (wrong === `0192:${consumer.orgno}`) continue;
    const systemuser_org = { authority: 'iso6523-actorid-upis', ID: wrong };
    const answer = await ask({ authorization_details: [{ type: 'urn:altinn:systemuser', systemuser_org }] });
    t.match(answer, { status: 400, body: { error_uri: /MP-303$/ } }, `systemuser_org ${wrong}`);
  }
  for (const ID of [consumer.orgno, '0192:', '0192:0007:5560000001']) {
    const systemuser_org = { authority: 'iso6523-actorid-upis', ID };
    const answer = await ask({ authorization_details: [{ type: 'urn:altinn:systemuser', systemuser_org }] });
    t.match(answer, { status: 400, body: { error_uri: /MP-303$/ } }, `systemuser_org ${ID}`);
  }
});
