import t from 'tap';
import type { World } from '../../fixtures/world.ts';
import type { Scope } from '../../server/core/scope.ts';
import { refusedByApi, startApi } from './api.ts';

const OWNER = '310555029';
const CONSUMER = '310555037';

/** A scope of the owner's, closed, that differs from the ordinary in what is given. */
function scope(subscope: string, changes: Partial<Scope>): World['scopes'][number] {
  return {
    ...{ name: `prove:${subscope}`, prefix: 'prove', subscope, ownerOrgno: OWNER, active: true, accessibleForAll: false },
    ...{ allowedIntegrationTypes: [], atMaxAge: 0, details: { description: subscope } },
    ...changes,
  };
}

const api = await startApi(t, {
  world: (world) => ({
    ...world,
    scopes: [
      ...world.scopes,
      scope('avslaatt', {}),
      scope('omspurt', {}),
      scope('deles', { delegationSource: 'https://altinn.example.no/' }),
      scope('intern', { accessibleForAll: true, details: { description: 'intern', visibility: 'INTERNAL' } }),
      scope('eget', {}),
    ],
    accesses: [
      ...world.accesses,
      { scope: 'prove:avslaatt', consumerOrgno: CONSUMER, state: 'DENIED' },
      { scope: 'prove:omspurt', consumerOrgno: CONSUMER, state: 'REQUESTED' },
    ],
  }),
});
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.read', 'idporten:dcr.write']);
const CLIENT = { client_name: 'a', description: 'a' };

const allowed: readonly [string, string][] = [
  ['that the owner has granted to the own organisation', 'prove:bygg.read'],
  ['that is open to all', 'prove:kart.read'],
  ['that can be delegated, without own access', 'prove:deles'],
  ['of this server that the operator has given to the organisation', 'idporten:dcr.write'],
];
for (const [title, name] of allowed) {
  t.test(`contract §5.2.5 a client may carry a scope ${title}`, async (t) => {
    const { body, status } = await consumer.post('/clients', { ...CLIENT, scopes: [name] });
    t.equal(status, 200);
    t.same(body.scopes, [name]);
  });
}

const refused: readonly [string, string][] = [
  ['whose access was asked for', 'prove:omspurt'],
  ['whose access was denied', 'prove:avslaatt'],
  ['that was granted to nobody', 'prove:eget'],
  ['for other integration types', 'prove:innbygger.read'],
  ['that is inactive', 'prove:arkiv.read'],
  ['that does not exist', 'prove:finnes.ikke'],
  ['that is internal to the operator', 'prove:intern'],
  ['of this server that the operator has not given to the organisation', 'portvakt:operator'],
  ['under a reserved prefix that does not exist', 'idporten:dcr.alt'],
];
for (const [title, name] of refused) {
  t.test(`contract §5.2.5 a client may not carry a scope ${title}: 400 that names it, and nothing is stored`, async (t) => {
    const count = (await server.storage.clients.list()).length;
    const answer = await consumer.post('/clients', { ...CLIENT, scopes: ['prove:kart.read', name] });
    t.equal(answer.status, 400);
    refusedByApi(t, answer, 'PV-601', 'scopes.1');
    t.ok(String(answer.body.error_description).includes(name), answer.text);
    t.equal((await server.storage.clients.list()).length, count);
  });
}

t.test('contract §5.2.5 the owner of a scope needs access to it like anybody else', async (t) => {
  const owner = await api.as('owner', ['idporten:dcr.write']);
  refusedByApi(t, await owner.post('/clients', { ...CLIENT, scopes: ['prove:eget'] }), 'PV-601', 'scopes.0');
});

t.test('contract §5.2.5 the operator may carry a scope that is internal', async (t) => {
  const operator = await api.as('operator', ['idporten:dcr.write']);
  t.equal((await operator.post('/clients', { ...CLIENT, scopes: ['prove:intern'] })).status, 200);
});

t.test('every scope that may not be there is told, and what is no scope is not repeated', async (t) => {
  const scopes = ['prove:finnes.ikke', 'prove:kart.read', 'æøå <hemmelig>', '', 'utenkolon'];
  const answer = await consumer.post('/clients', { ...CLIENT, scopes });
  const { errors } = answer.body as { errors: { fieldIdentifier: string }[] };
  t.same(
    errors.map(({ fieldIdentifier }) => fieldIdentifier),
    ['scopes.0', 'scopes.2', 'scopes.3', 'scopes.4'],
  );
  t.notMatch(answer.text, /hemmelig|utenkolon/);
});

t.test('a scope named twice is on the client once', async (t) => {
  const { body } = await consumer.post('/clients', { ...CLIENT, scopes: ['prove:kart.read', 'prove:kart.read'] });
  t.same(body.scopes, ['prove:kart.read']);
});

t.test('contract §5.2.5 a client keeps a scope whose access is withdrawn, through a PUT too, and gets none anew', async (t) => {
  const { body } = await consumer.post('/clients', { ...CLIENT, scopes: ['prove:bygg.read', 'idporten:dcr.read'] });
  const access = await server.storage.accesses.find('prove:bygg.read', CONSUMER);
  const organization = await server.storage.organizations.find(CONSUMER);
  if (!access || !organization) throw new Error('both are in the made-up world');
  await server.storage.transaction(async (changes) => {
    await changes.accesses.put({ ...access, state: 'DENIED' });
    await changes.organizations.put({ ...organization, adminScopes: ['idporten:dcr.write'] });
  });
  const path = `/clients/${body.client_id}`;
  const writer = await api.as('consumer', ['idporten:dcr.write']);
  const renamed = await writer.put(path, {
    ...body,
    client_name: 'b',
    scopes: [...(body.scopes as string[]), 'prove:kart.read'],
  });
  t.same(renamed.body.scopes, ['prove:bygg.read', 'idporten:dcr.read', 'prove:kart.read']);
  t.equal((await writer.put(path, { ...CLIENT, scopes: [] })).status, 200);
  for (const name of ['prove:bygg.read', 'idporten:dcr.read']) {
    refusedByApi(t, await writer.put(path, { ...CLIENT, scopes: ['prove:kart.read', name] }), 'PV-601', 'scopes.1');
  }
});
