import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import type { World } from '../../fixtures/world.ts';
import { refused, START, startTestServer, type TestServer } from '../token/server.ts';
import { claimsOf } from './claims.ts';

const { consumer, supplier, customer } = ORGANIZATIONS;

/** The made-up world with nothing to delegate, but for one scope. */
function plain(world: World): World {
  const scopes = world.scopes.map(({ delegationSource: source, ...scope }) =>
    scope.accessibleForAll && source ? { ...scope, delegationSource: source } : scope,
  );
  return { ...world, scopes };
}

async function start(test: Parameters<typeof startTestServer>[0], world = plain): Promise<TestServer> {
  const server = await startTestServer(test, { settings: { onBehalfOf: true }, world });
  const { clientId } = server.client('demo-consumer');
  const registration = { clientId, id: 'kunde_1', orgno: customer.orgno, name: 'Kunde', details: {} };
  await server.storage.transaction((changes) => changes.onBehalfOf.put({ ...registration, created: START, lastUpdated: START }));
  return server;
}

const forCustomer = (iss_onbehalfof: string, scope = 'prove:bygg.read') => ({ scope, claims: { iss_onbehalfof } });
const UNUSABLE = { code: 'PV-255', status: 400, error: 'invalid_request', phrase: 'The value of iss_onbehalfof cannot be used' };

t.test(
  'iss_onbehalfof, where it is on: the customer is the consumer, the client’s organisation the supplier (contract §5.4)',
  async (t) => {
    const server = await start(t);
    const claims = await claimsOf(server, 'demo-consumer', forCustomer('kunde_1'));
    t.match(claims, { consumer: { ID: `0192:${customer.orgno}` }, supplier: { ID: `0192:${consumer.orgno}` } });
    t.notOk('delegation_source' in claims);
  },
);

t.test('the access that counts is that of the client’s organisation, never the customer’s', async (t) => {
  const server = await start(t, (world) => ({
    ...plain(world),
    accesses: world.accesses.filter(({ consumerOrgno }) => consumerOrgno === customer.orgno),
  }));
  const { body } = await server.ask(await server.assertion('demo-consumer', forCustomer('kunde_1')));
  t.match(body.error_uri, /MP-250$/);
});

t.test('PV-255 a value that is not on the client, in another case, or another client’s', async (t) => {
  const server = await start(t);
  for (const value of ['kunde_2', 'KUNDE_1', ''])
    refused(t, await server.ask(await server.assertion('demo-consumer', forCustomer(value))), UNUSABLE);
  refused(t, await server.ask(await server.assertion('demo-supplier', forCustomer('kunde_1', 'prove:kart.read'))), UNUSABLE);
});

t.test('PV-255 with a scope that is delegated through a source', async (t) => {
  const server = await start(t);
  refused(t, await server.ask(await server.assertion('demo-consumer', forCustomer('kunde_1', 'prove:kart.read'))), UNUSABLE);
});

t.test('PV-255 for a customer that is switched off, and from a client that a supplier made', async (t) => {
  const server = await start(t);
  const [organization, client] = await Promise.all([
    server.storage.organizations.find(customer.orgno),
    server.storage.clients.find(server.client('demo-consumer').clientId),
  ]);
  if (!organization || !client) return t.fail('both are registered');
  const ask = async () => server.ask(await server.assertion('demo-consumer', forCustomer('kunde_1')));
  await server.storage.transaction((changes) => changes.organizations.put({ ...organization, active: false }));
  refused(t, await ask(), UNUSABLE);
  await server.storage.transaction(async (changes) => {
    await changes.organizations.put(organization);
    await changes.clients.put({ ...client, supplierOrgno: supplier.orgno });
  });
  refused(t, await ask(), UNUSABLE);
});

t.test('a consent to the customer is not for the client that acts on its behalf', async (t) => {
  const server = await start(t);
  const claims = {
    iss_onbehalfof: 'kunde_1',
    authorization_details: [
      {
        type: 'urn:altinn:consent',
        id: 'ecb2a6a5-5a3e-4c56-9c3c-0f2f9e4e2b20',
        from: 'urn:altinn:person:identifier-no:01819010192',
      },
    ],
  };
  const { body } = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read', claims }));
  t.match(body.error_uri, /MP-303$/);
});

t.test('PV-015 together with consumer_org it is refused also where it is on (PV-SEC-020)', async (t) => {
  const server = await start(t);
  const claims = { iss_onbehalfof: 'kunde_1', consumer_org: customer.orgno };
  const { body } = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read', claims }));
  t.match(body.error_uri, /PV-015$/);
});
