import type { Test } from 'tap';
import { type Changes, type Registers, type Storage, StoreUnavailable } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import {
  access,
  bareClient,
  bareKey,
  bareScope,
  client,
  consumer,
  key,
  owner,
  prefix,
  putAll,
  putOrganizations,
  scope,
  signingKey,
  supplier,
  trustEntry,
} from './samples.ts';

/** Finding, putting and listing what is registered. */
export function registers(withStore: WithStore): void {
  withStore('what is registered is found again with every member', async (t, { storage }) => {
    await storage.transaction(async (changes) => {
      await putAll(changes);
      await everythingIsFound(t, changes);
    });
    await everythingIsFound(t, storage);
  });

  withStore('what is not registered is undefined, and its list is empty', async (t, { storage }) => {
    t.equal(await storage.organizations.find(owner.orgno), undefined);
    t.equal(await storage.prefixes.find('prove'), undefined);
    t.equal(await storage.scopes.find(scope.name), undefined);
    t.equal(await storage.accesses.find(scope.name, consumer.orgno), undefined);
    t.equal(await storage.clients.find(client.clientId), undefined);
    for (const register of [storage.organizations, storage.scopes, storage.clients, storage.trust, storage.signingKeys])
      t.same(await register.list(), []);
    t.same(await storage.audit.list(10), []);
  });

  withStore('names are told apart byte for byte', async (t, { storage }) => {
    await storage.transaction(putAll);
    t.equal(await storage.clients.find(client.clientId.toUpperCase()), undefined);
    t.equal(await storage.scopes.find(`${scope.name} `), undefined);
    t.equal(await storage.scopes.find(scope.name.normalize('NFD')), undefined);
    t.equal(await storage.prefixes.find("prove' OR '1' = '1"), undefined);
    t.equal(await storage.accesses.find(scope.name, owner.orgno), undefined, "another organisation's access");
    t.equal(await storage.accesses.find(bareScope.name, consumer.orgno), undefined, "another scope's access");
  });

  withStore('put replaces by the natural key', async (t, { storage }) => {
    await storage.transaction(putAll);
    const [changedOwner, changedPrefix] = [
      { ...owner, name: 'Ny', active: false, created: 91, lastUpdated: 92 },
      { ...prefix, ownerOrgno: consumer.orgno, active: false, created: 91, lastUpdated: 92 },
    ];
    const changedScope = { ...bareScope, name: scope.name, subscope: scope.subscope, ownerOrgno: consumer.orgno };
    const changedAccess = { ...access, state: 'DENIED', created: 91, lastUpdated: 92 } as const;
    const changedTrust = {
      ...trustEntry,
      certificate: 'x',
      role: 'anchor',
      environment: 'production',
      profile: 'y',
      created: 91,
    } as const;
    const changedKey = { ...signingKey, alg: 'PS256', jwk: { kty: 'RSA' }, created: 91 };
    await storage.transaction(async (changes) => {
      await changes.organizations.put(changedOwner);
      await changes.prefixes.put(changedPrefix);
      await changes.scopes.put(changedScope);
      await changes.accesses.put(changedAccess);
      await changes.trust.put(changedTrust);
      await changes.signingKeys.put(changedKey);
    });
    t.strictSame(await storage.organizations.find(owner.orgno), changedOwner);
    t.strictSame(await storage.prefixes.find('prove'), changedPrefix);
    t.strictSame(await storage.scopes.find(scope.name), changedScope, 'without the members it has no more');
    t.strictSame(await storage.accesses.find(scope.name, consumer.orgno), changedAccess);
    t.strictSame(await storage.trust.list(), [changedTrust]);
    t.strictSame(await storage.signingKeys.list(), [changedKey]);
  });

  withStore("a client's keys and scopes are replaced as a whole, in the order given", async (t, { storage }) => {
    await storage.transaction(putAll);
    const put = (changed: typeof client) => storage.transaction((changes) => changes.clients.put(changed));
    const swapped = { ...client, keys: [bareKey, { ...key, expires: 99 }], scopes: [bareScope.name, scope.name] };
    await put(swapped);
    t.strictSame(await storage.clients.find(client.clientId), swapped);
    const fewer = { ...client, keys: [bareKey], scopes: [scope.name] };
    await put(fewer);
    t.strictSame(await storage.clients.find(client.clientId), fewer);
    const changed = { ...bareClient, clientId: client.clientId, orgno: supplier.orgno };
    await put(changed);
    t.strictSame(await storage.clients.find(client.clientId), changed, 'no keys, no scopes, no supplier');
    t.strictSame(await storage.clients.find(bareClient.clientId), bareClient, "another client's stay");
  });

  withStore('two clients may hold keys of one name', async (t, { storage }) => {
    await storage.transaction(async (changes) => {
      await putAll(changes);
      await changes.clients.put({ ...bareClient, keys: [{ ...key, thumbprint: 'theirs' }] });
    });
    t.equal((await storage.clients.find(client.clientId))?.keys[0]?.thumbprint, key.thumbprint);
    t.equal((await storage.clients.find(bareClient.clientId))?.keys[0]?.thumbprint, 'theirs');
  });

  withStore('lists are in the byte order of the natural key, signing keys oldest first', async (t, { storage }) => {
    const names = ['b', 'a', 'B', 'ø', 'aa', '0'];
    const sorted = ['0', 'B', 'a', 'aa', 'b', 'ø'];
    await storage.transaction(async (changes) => {
      await putOrganizations(changes);
      for (const [place, name] of names.entries()) {
        await changes.organizations.put({ ...owner, orgno: name });
        await changes.scopes.put({ ...bareScope, name: `p:${name}`, prefix: 'p', subscope: name });
        await changes.clients.put({ ...bareClient, clientId: name });
        await changes.trust.put({ ...trustEntry, id: name });
        await changes.signingKeys.put({ ...signingKey, kid: name, created: place });
      }
    });
    const registered = new Set([owner.orgno, consumer.orgno, supplier.orgno]);
    const organizations = (await storage.organizations.list()).map(({ orgno }) => orgno);
    t.same(
      organizations.filter((orgno) => !registered.has(orgno)),
      sorted,
    );
    t.same(
      (await storage.scopes.list()).map(({ subscope }) => subscope),
      sorted,
    );
    t.same(
      (await storage.clients.list()).map(({ clientId }) => clientId),
      sorted,
    );
    t.same(
      (await storage.trust.list()).map(({ id }) => id),
      sorted,
    );
    t.same(
      (await storage.signingKeys.list()).map(({ kid }) => kid),
      names,
    );
  });

  withStore('an entry that refers to nothing is a mistake of the caller, not a failing store', async (t, { storage }) => {
    const attempts: ((changes: Changes) => Promise<void>)[] = [
      (changes) => changes.prefixes.put({ ...prefix, ownerOrgno: '310555045' }),
      (changes) => changes.scopes.put({ ...scope, ownerOrgno: '310555045' }),
      (changes) => changes.accesses.put({ ...access, scope: 'prove:b' }),
      (changes) => changes.clients.put({ ...client, orgno: '310555045' }),
      (changes) => changes.clients.put({ ...client, supplierOrgno: '310555045' }),
      (changes) => changes.clients.put({ ...client, scopes: ['prove:b'] }),
    ];
    await storage.transaction(putAll);
    for (const attempt of attempts) await refusesWithoutBlamingTheStore(t, storage, attempt);
    await everythingIsFound(t, storage);
  });
}

async function refusesWithoutBlamingTheStore(t: Test, storage: Storage, attempt: (changes: Changes) => Promise<void>) {
  const error = await storage.transaction(attempt).then(
    () => undefined,
    (error: unknown) => error,
  );
  t.ok(error instanceof Error && !(error instanceof StoreUnavailable), String(error));
}

async function everythingIsFound(t: Test, registers: Registers): Promise<void> {
  for (const organization of [owner, consumer, supplier])
    t.strictSame(await registers.organizations.find(organization.orgno), organization);
  t.strictSame(await registers.organizations.list(), [supplier, owner, consumer]);
  t.strictSame(await registers.prefixes.find('prove'), prefix);
  for (const each of [scope, bareScope]) t.strictSame(await registers.scopes.find(each.name), each);
  t.strictSame(await registers.scopes.list(), [bareScope, scope]);
  t.strictSame(await registers.accesses.find(scope.name, consumer.orgno), access);
  for (const each of [client, bareClient]) t.strictSame(await registers.clients.find(each.clientId), each);
  t.strictSame(await registers.clients.list(), [bareClient, client]);
  t.strictSame(await registers.trust.list(), [trustEntry]);
  t.strictSame(await registers.signingKeys.list(), [signingKey]);
}
