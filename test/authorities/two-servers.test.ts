import t, { type Test } from 'tap';
import { CONSENTS, EXTERNAL_REF, GIVER } from '../../fixtures/made-up-acting.ts';
import { makeWorld, ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { keepExplanations } from '../token/explanations.ts';
import { refused, START, startTestServer, type TestServer } from '../token/server.ts';
import { sourceOf, startAsking, withOwnClient } from './altinn-source.ts';
import { claimsOf } from './claims.ts';

const { operator, consumer, supplier, customer } = ORGANIZATIONS;
const asked = { scope: 'prove:bygg.read', claims: { consumer_org: consumer.orgno } };
const details = (...objects: unknown[]) => ({ scope: 'prove:kart.read', claims: { authorization_details: objects } });
const MISSING = { code: 'MP-251', status: 403, error: 'forbidden', phrase: 'has not delegated access to the scope' };
const UNREACHABLE = { code: 'PV-501', status: 503, error: 'temporarily_unavailable', phrase: 'A service that must be asked' };

/** The world of the server that answers; made once, its ids are those of every made-up world. */
const answering = withOwnClient((await makeWorld({ now: START })).world, operator.orgno);

/** A Portvakt that answers… */
async function startAnswering(t: Test, port = 0): Promise<TestServer> {
  const world = await answering;
  return startTestServer(t, { config: { port }, world: () => world });
}

/** …and one that asks it about everything. */
async function pair(t: Test, changes: Parameters<typeof sourceOf>[1] = {}) {
  const source = await startAnswering(t);
  const server = await startAsking(t, sourceOf(source.issuer, changes));
  return { source, server };
}

t.test(
  'one Portvakt is the source of another: given, a token; revoked, MP-251 at the next request (contract §6.3)',
  async (t) => {
    const { source, server } = await pair(t);
    const claims = await claimsOf(server, 'demo-supplier', asked);
    t.match(claims, {
      ...{ iss: server.issuer, delegation_source: source.issuer },
      ...{ consumer: { ID: `0192:${consumer.orgno}` }, supplier: { ID: `0192:${supplier.orgno}` } },
    });
    const [given] = await source.storage.delegations.list({ supplierOrgno: supplier.orgno, scope: 'prove:bygg.read' });
    if (!given) return t.fail('it is delegated');
    await source.storage.transaction((changes) => changes.delegations.put({ ...given, revoked: true }));
    refused(t, await server.ask(await server.assertion('demo-supplier', asked)), MISSING);
    await source.storage.transaction((changes) => changes.delegations.put({ ...given, revoked: false }));
    t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200, 'and again');
  },
);

t.test('PV-SEC-030 the question has an audit row of its own, and the verdict another, before the token', async (t) => {
  const { server } = await pair(t);
  await claimsOf(server, 'demo-supplier', asked);
  const missing = { ...asked, claims: { consumer_org: customer.orgno } };
  await server.ask(await server.assertion('demo-supplier', missing));
  const rows = (await server.storage.audit.list(10)).filter(({ type }) => type.startsWith('token.')).reverse();
  t.match(rows, [
    { type: 'token.asking', details: { asks: ['annen'], consumer_orgno: consumer.orgno, supplier_orgno: supplier.orgno } },
    { type: 'token.issuing', details: { consumer_orgno: consumer.orgno, supplier_orgno: supplier.orgno } },
    { type: 'token.asking' },
    { type: 'token.refused', details: { code: 'MP-251' } },
  ]);
  t.equal(rows[0]?.correlationId, rows[1]?.correlationId);
});

t.test('a refusal from elsewhere is explained as the last check, and nobody is asked again for it', async (t) => {
  const { source, server } = await pair(t);
  const kept = keepExplanations(server);
  const missing = { ...asked, claims: { consumer_org: customer.orgno } };
  t.match((await server.ask(await server.assertion('demo-supplier', missing))).body.error_uri, /MP-251$/);
  await source.close();
  t.match((await server.ask(await server.assertion('demo-supplier', asked))).body.error_uri, /PV-501$/);
  t.match((await server.ask(await server.assertion('demo-supplier', { ...asked, lifetime: 121 }))).body.error_uri, /PV-132$/);
  await server.close();
  const last = { id: 'delegation_asked', result: 'fail' };
  t.match(
    kept.map(({ code, isProven, checks }) => ({ code, isProven, asked: checks.find(({ id }) => id === last.id) })),
    [
      { code: 'MP-251', isProven: true, asked: { ...last, code: 'MP-251', expected: 'a delegation in force', got: 'none' } },
      { code: 'PV-501', isProven: true, asked: { ...last, code: 'PV-501' } },
      { code: 'PV-132', isProven: false, asked: { id: last.id, result: 'not_reached' } },
    ],
  );
  const failed = kept.map(({ checks }) => checks.filter(({ result }) => result === 'fail').length);
  t.same(failed, [1, 1, 1], 'and that alone');
});

t.test('PV-SEC-029 a replay asks nobody', async (t) => {
  const { source, server } = await pair(t);
  const assertion = await server.assertion('demo-supplier', asked);
  t.equal((await server.ask(assertion)).status, 200);
  await source.close();
  const { body } = await server.ask(assertion);
  t.match(body.error_uri, /MP-012$/);
});

t.test('what is refused here asks nobody: no access, bad details, an unknown consumer', async (t) => {
  const { source, server } = await pair(t);
  await source.close();
  const code = async (changes: object) =>
    String((await server.ask(await server.assertion('demo-supplier', changes))).body.error_uri).slice(-6);
  t.equal(await code({ ...asked, claims: { consumer_org: ORGANIZATIONS.owner.orgno } }), 'MP-250');
  t.equal(await code({ scope: 'prove:kart.read', claims: { consumer_org: '910753614' } }), 'MP-251');
  t.equal(await code({ ...asked, claims: { ...asked.claims, authorization_details: [{ type: 'urn:x' }] } }), 'MP-301');
});

t.test('system users and consents of another Portvakt (contract §7.1, §7.2)', async (t) => {
  const { server } = await pair(t);
  const party = (orgno: string) => ({ authority: 'iso6523-actorid-upis', ID: `0192:${orgno}` });
  const user = { type: 'urn:altinn:systemuser', systemuser_org: party(customer.orgno) };
  const plain = await claimsOf(server, 'demo-supplier', details(user));
  t.match(plain.authorization_details, [{ systemuser_id: ['0000500e-de30-4000-8000-000000000002'] }]);
  const named = await claimsOf(server, 'demo-supplier', details({ ...user, externalRef: EXTERNAL_REF }));
  t.strictSame(named.authorization_details, [
    {
      ...{ type: 'urn:altinn:systemuser', systemuser_org: party(customer.orgno) },
      ...{ systemuser_id: ['a545ec84-a792-4889-b2ce-4f2b1f7cb6f1'], system_id: `${supplier.orgno}_fiskesystem` },
    },
  ]);
  refused(t, await server.ask(await server.assertion('demo-supplier', details({ ...user, externalRef: 'x' }))), {
    ...{ code: 'MP-303', status: 400, error: 'invalid_altinn_customer_configuration', phrase: 'no system user found' },
  });
  const consent = (id: string) => details({ type: 'urn:altinn:consent', id, from: GIVER });
  const given = await claimsOf(server, 'demo-consumer', consent(CONSENTS.valid));
  t.match(given.authorization_details, [
    {
      ...{ id: CONSENTS.valid, from: GIVER, to: party(consumer.orgno), validTo: '2026-01-31T00:00:00+00:00' },
      consentRights: [{ action: ['consent'], metadata: { inntektsaar: '2025' } }],
    },
  ]);
  for (const id of [CONSENTS.expired, CONSENTS.withdrawn, CONSENTS.forSomeoneElse]) {
    refused(t, await server.ask(await server.assertion('demo-consumer', consent(id))), {
      ...{ code: 'MP-303', status: 400, error: 'invalid_authorization_details', phrase: 'no consent that can be used' },
    });
  }
});

t.test('PV-501 a source that is gone: 503 within its time, and back again without a restart', async (t) => {
  const { source, server } = await pair(t);
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200);
  await source.close();
  const began = performance.now();
  const answer = await server.ask(await server.assertion('demo-supplier', asked));
  t.ok(performance.now() - began < 2_000);
  refused(t, answer, UNREACHABLE);
  t.match(answer.headers.get('retry-after'), /^\d+$/);
  t.match(server.lines.at(-1), { message: 'failed', fields: { code: 'PV-501', detail: /^annen: cannot be reached/ } });
  const back = await startAnswering(t, source.port);
  t.equal(back.issuer, source.issuer);
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200, 'with a new store and a new key');
});

t.test('PV-SEC-073 a source that is switched off delegates nothing from the next request on', async (t) => {
  const { source, server } = await pair(t);
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200);
  const off = sourceOf(source.issuer, { active: false });
  await server.storage.transaction((changes) => changes.sources.put(off));
  refused(t, await server.ask(await server.assertion('demo-supplier', asked)), MISSING);
  const user = {
    type: 'urn:altinn:systemuser',
    systemuser_org: { authority: 'iso6523-actorid-upis', ID: `0192:${customer.orgno}` },
  };
  refused(t, await server.ask(await server.assertion('demo-supplier', details(user))), UNREACHABLE);
  await server.storage.transaction((changes) => changes.sources.put({ ...off, active: true, lastUpdated: START + 1 }));
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200);
});

t.test('PV-501 for a source whose key the configuration does not have, or whose client is not known there', async (t) => {
  const { source, server } = await pair(t, { keyName: 'borte' });
  refused(t, await server.ask(await server.assertion('demo-supplier', asked)), UNREACHABLE);
  t.match(server.lines.at(-1)?.fields.detail, /has a key_name, borte, that the configuration does not have/);
  await server.storage.transaction((changes) => changes.sources.put(sourceOf(source.issuer, { clientId: 'fremmed' })));
  refused(t, await server.ask(await server.assertion('demo-supplier', asked)), UNREACHABLE);
  t.match(server.lines.at(-1)?.fields.detail, /issues no token for altinn:maskinporten\/delegations\.admin: 400, MP-100/);
});

t.test('PV-SEC-072 a positive answer is used again only as long as the source is set to', async (t) => {
  const { source, server } = await pair(t, { cacheSeconds: 60 });
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200);
  const missing = { ...asked, claims: { consumer_org: customer.orgno } };
  t.equal((await server.ask(await server.assertion('demo-supplier', missing))).status, 403);
  await source.close();
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 200, 'kept');
  t.equal((await server.ask(await server.assertion('demo-supplier', missing))).status, 503, 'a refusal is not');
});
