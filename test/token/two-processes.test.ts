import { join } from 'node:path';
import t from 'tap';
import { openStorage } from '../../server/storage/open.ts';
import { startTestServer } from './server.ts';

const scope = 'prove:bygg.read';

function there<T>(entry: T | undefined): T {
  if (entry === undefined) throw new Error('the made-up world lacks an entry');
  return entry;
}

t.test('PV-SEC-073 a change that another process commits holds from the next request on', async (t) => {
  const server = await startTestServer(t);
  const other = await openStorage(join(server.dataDir, 'portvakt.db'));
  t.teardown(() => other.close());
  const outcome = async (name = 'demo-consumer'): Promise<unknown> => {
    const { body } = await server.ask(await server.assertion(name, { claims: { scope } }));
    return body.error_uri === undefined ? 'token' : `${body.error_uri}`.split('/').at(-1);
  };
  const { clientId, orgno } = server.client('demo-consumer');
  const change = other.transaction;

  t.equal(await outcome(), 'token');
  const access = there(await other.accesses.find(scope, orgno));
  await change(({ accesses }) => accesses.put({ ...access, state: 'DENIED' }));
  t.equal(await outcome(), 'MP-250', 'an access withdrawn');
  await change(({ accesses }) => accesses.put(access));
  t.equal(await outcome(), 'token', 'and given back');

  const client = there(await other.clients.find(clientId));
  await change(({ clients }) => clients.put({ ...client, keys: [] }));
  t.equal(await outcome(), 'PV-125', 'a key removed');
  await change(({ clients }) => clients.put({ ...client, active: false }));
  t.equal(await outcome(), 'MP-100', 'a client disabled');
  await change(({ clients }) => clients.put(client));

  const organization = there(await other.organizations.find(orgno));
  await change(({ organizations }) => organizations.put({ ...organization, active: false }));
  t.equal(await outcome(), 'MP-100', 'an organisation disabled');
  await change(({ organizations }) => organizations.put(organization));

  const registered = there(await other.scopes.find(scope));
  await change(({ scopes }) => scopes.put({ ...registered, active: false }));
  t.equal(await outcome(), 'MP-200', 'a scope disabled');
  await change(({ scopes }) => scopes.put(registered));
  t.equal(await outcome(), 'token');

  t.equal(await outcome('demo-certificate'), 'token');
  for (const { id } of await other.trust.list()) await change(({ trust }) => trust.remove(id));
  t.equal(await outcome('demo-certificate'), 'MP-120', 'an authority that is trusted no longer');
});
