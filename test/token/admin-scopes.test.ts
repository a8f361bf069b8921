import { decodeJwt } from 'jose';
import t from 'tap';
import type { World } from '../../fixtures/world.ts';
import { ADMIN_SCOPES } from '../../server/core/admin-scopes.ts';
import { type Answer, refused, START, startTestServer, type TestServer } from './server.ts';

const CONSUMER = '310555037';

const unknown = { code: 'MP-200', status: 400, error: 'invalid_scope', phrase: 'Token request contains invalid scopes' };
const closed = { code: 'MP-250', status: 403, error: 'forbidden', phrase: 'has not been granted access to the scope' };

/** The made-up world with changes to its organisations and to the client demo-consumer-admin. */
function changed({ adminScopes, client = {} }: { adminScopes?: readonly string[]; client?: object }) {
  return (world: World): World => ({
    ...world,
    organizations: world.organizations.map((organization) =>
      adminScopes && organization.orgno === CONSUMER ? { ...organization, adminScopes } : organization,
    ),
    clients: world.clients.map((each) => (each.name === 'demo-consumer-admin' ? { ...each, ...client } : each)),
  });
}

async function ask(server: TestServer, scope: string, claims: object = {}): Promise<Answer> {
  return server.ask(await server.assertion('demo-consumer-admin', { scope, claims: { ...claims } }));
}

t.test('each who administers gets an ordinary token with the fixed scopes (contract §5.1.2)', async (t) => {
  const server = await startTestServer(t);
  for (const name of ['demo-operator', 'demo-owner-admin', 'demo-consumer-admin']) {
    const { scopes, orgno, clientId } = server.client(name);
    const { status, body } = await server.ask(await server.assertion(name, { scope: scopes.join(' ') }));
    t.equal(status, 200, name);
    t.equal(body.scope, scopes.join(' '));
    t.match(decodeJwt(String(body.access_token)), {
      client_id: clientId,
      scope: scopes.join(' '),
      consumer: { ID: `0192:${orgno}` },
      exp: START + 120,
    });
  }
});

t.test('every fixed scope is issued to an organisation that holds it, beside scopes of the register', async (t) => {
  const client = { scopes: [...ADMIN_SCOPES, 'prove:kart.read'] };
  const server = await startTestServer(t, { world: changed({ adminScopes: ADMIN_SCOPES, client }) });
  for (const scope of ADMIN_SCOPES) t.equal((await ask(server, scope)).status, 200, scope);
  t.equal((await ask(server, 'prove:kart.read idporten:dcr.read')).status, 200);
});

t.test('MP-250 a fixed scope that the operator has not given the organisation is closed to it', async (t) => {
  const client = { scopes: ['portvakt:operator', 'idporten:dcr.read', 'prove:bygg.read'] };
  const server = await startTestServer(t, { world: changed({ client }) });
  for (const scope of ['portvakt:operator', 'prove:bygg.read portvakt:operator', 'idporten:dcr.read portvakt:operator'])
    refused(t, await ask(server, scope), { ...closed, phrase: 'access to the scope portvakt:operator' });
  t.equal((await ask(server, 'idporten:dcr.read')).status, 200, 'the one that it holds is open');
});

t.test('MP-250 a fixed scope that is taken back is closed at the next request', async (t) => {
  const server = await startTestServer(t);
  t.equal((await ask(server, 'idporten:dcr.write')).status, 200);
  const organization = await server.storage.organizations.find(CONSUMER);
  if (!organization) return t.fail('the consumer is registered');
  await server.storage.transaction(({ organizations }) =>
    organizations.put({ ...organization, adminScopes: ['idporten:dcr.read'] }),
  );
  refused(t, await ask(server, 'idporten:dcr.write'), closed);
  t.equal((await ask(server, 'idporten:dcr.read')).status, 200);
});

t.test('MP-250 an access row opens no fixed scope', async (t) => {
  const server = await startTestServer(t, { world: changed({ adminScopes: [] }) });
  await server.storage.transaction(async ({ scopes, accesses }) => {
    const scope = await scopes.find('prove:kart.read');
    if (!scope) return t.fail('the open scope is registered');
    await scopes.put({ ...scope, name: 'idporten:dcr.read', prefix: 'idporten', subscope: 'dcr.read' });
    const times = { created: 0, lastUpdated: 0 };
    await accesses.put({ scope: 'idporten:dcr.read', consumerOrgno: CONSUMER, state: 'APPROVED', ...times });
  });
  refused(t, await ask(server, 'idporten:dcr.read'), closed);
});

t.test('MP-250 a client that a supplier made gets no fixed scope, whoever holds it (contract §5.6)', async (t) => {
  const client = { orgno: CONSUMER, supplierOrgno: '310555029' };
  const server = await startTestServer(t, { world: changed({ client }) });
  for (const scope of ['idporten:dcr.read', 'idporten:scopes.read', 'portvakt:explanations'])
    refused(t, await ask(server, scope), closed);
});

t.test('MP-251 a fixed scope is never delegated: with consumer_org there is no token', async (t) => {
  const server = await startTestServer(t);
  const answer = await ask(server, 'portvakt:explanations', { consumer_org: '310555029' });
  refused(t, answer, { code: 'MP-251', status: 403, error: 'forbidden', phrase: 'has not delegated access to the scope' });
  refused(t, await ask(server, 'portvakt:explanations', { consumer_org: '310555053' }), closed);
});

t.test('MP-200 what stands under a reserved prefix and is none of the fixed is unknown, registered or not', async (t) => {
  const scopes = ['idporten:dcr.reed', 'portvakt:kart.read', 'altinn:x', 'idporten:dcr.read'];
  const server = await startTestServer(t, { world: changed({ client: { scopes } }) });
  await server.storage.transaction(async ({ scopes }) => {
    const scope = await scopes.find('prove:kart.read');
    if (scope) await scopes.put({ ...scope, name: 'portvakt:kart.read', prefix: 'portvakt' });
  });
  for (const scope of ['idporten:dcr.reed', 'portvakt:kart.read', 'altinn:x']) refused(t, await ask(server, scope), unknown);
  const { body } = await ask(server, 'idporten:dcr.read idporten:dcr.reed');
  t.match(body.error_description, 'invalid scopes for client, idporten:dcr.reed (trace_id');
});

t.test('MP-200 a fixed scope that is not on the client is not issued', async (t) => {
  const server = await startTestServer(t, { world: changed({ adminScopes: ADMIN_SCOPES }) });
  refused(t, await ask(server, 'portvakt:operator'), unknown);
});

t.test('MP-100 a client that the operator has blocked behaves as not existing, until the block is lifted', async (t) => {
  const server = await startTestServer(t, { world: changed({ client: { blocked: 'nøkkelen er på avveie' } }) });
  const missing = await server.ask(
    await server.assertion('demo-consumer-admin', { scope: 'idporten:dcr.read', claims: { iss: 'nobody' } }),
  );
  const blocked = await ask(server, 'idporten:dcr.read');
  const shown = ({ text }: Answer) => text.replaceAll(/[0-9a-f]{32}/g, 'TRACE');
  t.equal(blocked.status, 400);
  t.match(blocked.body.error_uri, /\/errors\/MP-100$/);
  t.equal(shown(blocked), shown(missing));
  t.notMatch(blocked.text, /avveie|block/i, 'the reason is not told');
  const client = await server.storage.clients.find(server.client('demo-consumer-admin').clientId);
  if (!client) return t.fail('the client is registered');
  const { blocked: _, ...free } = client;
  await server.storage.transaction(({ clients }) => clients.put(free));
  t.equal((await ask(server, 'idporten:dcr.read')).status, 200);
});
