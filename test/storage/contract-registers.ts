import type { Test } from 'tap';
import { type Changes, type Registers, type SigningKeyRecord, type Storage, StoreUnavailable } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import {
  access,
  bareAccess,
  bareClient,
  bareKey,
  bareScope,
  bareSigningKey,
  client,
  consumer,
  key,
  onBehalfOf,
  owner,
  prefix,
  putAll,
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
    t.equal(await storage.onBehalfOf.find(client.clientId, onBehalfOf.id), undefined);
    t.equal(await storage.trust.find(trustEntry.id), undefined);
    const { organizations, prefixes, scopes, clients, trust, signingKeys } = storage;
    for (const register of [organizations, prefixes, scopes, clients, trust, signingKeys]) t.same(await register.list(), []);
    t.same(await storage.accesses.list({ scope: scope.name }), []);
    t.same(await scopes.listOf(owner.orgno), []);
    t.same(await clients.listOf(owner.orgno), []);
    t.same(await storage.onBehalfOf.listOf(client.clientId), []);
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
    t.equal(await storage.onBehalfOf.find(bareClient.clientId, onBehalfOf.id), undefined, "another client's customer");
    t.equal(await storage.trust.find(trustEntry.id.toUpperCase()), undefined);
  });

  withStore('put replaces by the natural key', async (t, { storage }) => {
    await storage.transaction(putAll);
    const [changedOwner, changedPrefix] = [
      { ...owner, name: 'Ny', active: false, adminScopes: [], created: 91, lastUpdated: 92 },
      { ...prefix, ownerOrgno: consumer.orgno, active: false, created: 91, lastUpdated: 92 },
    ];
    const changedScope = { ...bareScope, name: scope.name, subscope: scope.subscope, ownerOrgno: consumer.orgno };
    const changedAccess = { ...bareAccess, consumerOrgno: consumer.orgno, state: 'DENIED' } as const;
    const changedRegistration = { ...onBehalfOf, orgno: '310555045', name: 'Ny', details: {}, created: 91, lastUpdated: 92 };
    const changedTrust = {
      ...trustEntry,
      certificate: 'x',
      role: 'anchor',
      environment: 'production',
      profile: 'y',
      organizationNamespaces: ['NTRSE', 'NTRDK'],
      crlUrls: ['http://crl.example.no/a.crl'],
      ocspUrl: 'http://ocsp.example.no/',
      revocation: 'grace',
      created: 91,
    } as const;
    const changedKey = {
      kid: signingKey.kid,
      alg: 'PS256',
      jwk: { kty: 'RSA' },
      created: 91,
      state: 'removed',
      removed: 92,
    } as const;
    await storage.transaction(async (changes) => {
      await changes.organizations.put(changedOwner);
      await changes.prefixes.put(changedPrefix);
      await changes.scopes.put(changedScope);
      await changes.accesses.put(changedAccess);
      await changes.onBehalfOf.put(changedRegistration);
      await changes.trust.put(changedTrust);
      await changes.signingKeys.put(changedKey);
    });
    t.strictSame(await storage.organizations.find(owner.orgno), changedOwner);
    t.strictSame(await storage.prefixes.find('prove'), changedPrefix);
    t.strictSame(await storage.scopes.find(scope.name), changedScope, 'without the members it has no more');
    t.strictSame(await storage.accesses.find(scope.name, consumer.orgno), changedAccess);
    t.strictSame(await storage.onBehalfOf.listOf(client.clientId), [changedRegistration]);
    t.strictSame(await storage.trust.list(), [changedTrust]);
    t.strictSame(await storage.signingKeys.list(), [bareSigningKey, changedKey], 'without the moments it has no more');
  });

  withStore(
    'PV-SEC-098 one key of an algorithm signs: a second one is refused with all that its change did',
    async (t, { storage }) => {
      const active = { ...signingKey, state: 'active' } as const;
      const second = { ...active, kid: 'second' };
      const put = (...keys: readonly SigningKeyRecord[]) =>
        storage.transaction(async (changes) => {
          for (const each of keys) await changes.signingKeys.put(each);
        });
      await put(active, { ...second, kid: 'other', alg: 'ES256' });
      const error = await put({ ...bareSigningKey }, second).catch((error: unknown) => error);
      t.ok(error instanceof Error && !(error instanceof StoreUnavailable), String(error));
      t.equal((await storage.signingKeys.list()).length, 2);
      await put({ ...active, state: 'retired' }, second);
      t.same(
        (await storage.signingKeys.list()).map(({ state }) => state),
        ['active', 'active', 'retired'],
      );
    },
  );

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
    t.strictSame(await storage.clients.find(client.clientId), changed, 'no keys, no scopes, no supplier, no block');
    t.strictSame(await storage.clients.find(bareClient.clientId), bareClient, "another client's stay");
  });

  withStore("a client's scope may name none: the fixed ones are not in the register", async (t, { storage }) => {
    await storage.transaction(putAll);
    const admin = { ...client, scopes: ['idporten:dcr.read', scope.name, 'prove:ingen'] };
    await storage.transaction((changes) => changes.clients.put(admin));
    t.strictSame(await storage.clients.find(client.clientId), admin);
  });

  withStore('two clients may hold keys of one name', async (t, { storage }) => {
    await storage.transaction(async (changes) => {
      await putAll(changes);
      await changes.clients.put({ ...bareClient, keys: [{ ...key, thumbprint: 'theirs' }] });
    });
    t.equal((await storage.clients.find(client.clientId))?.keys[0]?.thumbprint, key.thumbprint);
    t.equal((await storage.clients.find(bareClient.clientId))?.keys[0]?.thumbprint, 'theirs');
  });

  withStore('what is removed is gone, and removing it again changes nothing', async (t, { storage }) => {
    const other = { ...onBehalfOf, clientId: bareClient.clientId };
    await storage.transaction(async (changes) => {
      await putAll(changes);
      await changes.onBehalfOf.put(other);
      await changes.trust.put({ ...trustEntry, id: 'root' });
    });
    for (const _ of ['once', 'again']) {
      await storage.transaction(async (changes) => {
        await changes.onBehalfOf.remove(client.clientId, onBehalfOf.id);
        await changes.trust.remove(trustEntry.id);
      });
      t.equal(await storage.onBehalfOf.find(client.clientId, onBehalfOf.id), undefined);
      t.strictSame(await storage.onBehalfOf.listOf(client.clientId), []);
      t.strictSame(await storage.onBehalfOf.listOf(bareClient.clientId), [other], "another client's stays");
      t.equal(await storage.trust.find(trustEntry.id), undefined);
      t.strictSame(await storage.trust.list(), [{ ...trustEntry, id: 'root' }]);
    }
  });

  withStore('an entry that refers to nothing is a mistake of the caller, not a failing store', async (t, { storage }) => {
    const attempts: ((changes: Changes) => Promise<void>)[] = [
      (changes) => changes.prefixes.put({ ...prefix, ownerOrgno: '310555045' }),
      (changes) => changes.scopes.put({ ...scope, ownerOrgno: '310555045' }),
      (changes) => changes.accesses.put({ ...access, scope: 'prove:b' }),
      (changes) => changes.clients.put({ ...client, orgno: '310555045' }),
      (changes) => changes.clients.put({ ...client, supplierOrgno: '310555045' }),
      (changes) => changes.accesses.put({ ...access, requestedBy: 'nobody' }),
      (changes) => changes.onBehalfOf.put({ ...onBehalfOf, clientId: 'nobody' }),
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
  t.strictSame(await registers.prefixes.list(), [prefix]);
  for (const each of [scope, bareScope]) t.strictSame(await registers.scopes.find(each.name), each);
  t.strictSame(await registers.scopes.list(), [bareScope, scope]);
  for (const each of [access, bareAccess]) t.strictSame(await registers.accesses.find(scope.name, each.consumerOrgno), each);
  t.strictSame(await registers.accesses.list({ scope: scope.name }), [access, bareAccess]);
  for (const each of [client, bareClient]) t.strictSame(await registers.clients.find(each.clientId), each);
  t.strictSame(await registers.clients.list(), [bareClient, client]);
  t.strictSame(await registers.onBehalfOf.find(client.clientId, onBehalfOf.id), onBehalfOf);
  t.strictSame(await registers.onBehalfOf.listOf(client.clientId), [onBehalfOf]);
  t.strictSame(await registers.trust.find(trustEntry.id), trustEntry);
  t.strictSame(await registers.trust.list(), [trustEntry]);
  t.strictSame(await registers.signingKeys.list(), [signingKey, bareSigningKey]);
}
