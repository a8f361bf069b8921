import type { AccessFilter } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import {
  bareAccess,
  bareClient,
  bareScope,
  client,
  consumer,
  onBehalfOf,
  owner,
  prefix,
  putOrganizations,
  scope,
  signingKey,
  supplier,
  trustEntry,
} from './samples.ts';

/** What lists hold, and in which order. */
export function lists(withStore: WithStore): void {
  withStore('lists are in the byte order of the natural key, signing keys oldest first', async (t, { storage }) => {
    const names = ['b', 'a', 'B', 'ø', 'aa', '0'];
    const sorted = ['0', 'B', 'a', 'aa', 'b', 'ø'];
    await storage.transaction(async (changes) => {
      await putOrganizations(changes);
      for (const [place, name] of names.entries()) {
        await changes.organizations.put({ ...owner, orgno: name });
        await changes.prefixes.put({ ...prefix, prefix: name });
        await changes.scopes.put({ ...bareScope, name: `p:${name}`, prefix: 'p', subscope: name });
        await changes.clients.put({ ...bareClient, clientId: name });
        await changes.trust.put({ ...trustEntry, id: name });
        await changes.signingKeys.put({ ...signingKey, kid: name, created: place });
      }
      for (const name of names) await changes.onBehalfOf.put({ ...onBehalfOf, clientId: 'a', id: name });
    });
    const inOrder = async <T>(list: Promise<readonly T[]>, name: (entry: T) => string, expected: readonly string[]) =>
      t.same((await list).map(name), expected);
    const organizations = ['0', supplier.orgno, owner.orgno, consumer.orgno, ...sorted.slice(1)];
    await inOrder(storage.organizations.list(), ({ orgno }) => orgno, organizations);
    await inOrder(storage.prefixes.list(), ({ prefix }) => prefix, sorted);
    await inOrder(storage.scopes.list(), ({ subscope }) => subscope, sorted);
    await inOrder(storage.scopes.listOf(bareScope.ownerOrgno), ({ subscope }) => subscope, sorted);
    await inOrder(storage.clients.list(), ({ clientId }) => clientId, sorted);
    await inOrder(storage.clients.listOf(bareClient.orgno), ({ clientId }) => clientId, sorted);
    await inOrder(storage.onBehalfOf.listOf('a'), ({ id }) => id, sorted);
    await inOrder(storage.trust.list(), ({ id }) => id, sorted);
    await inOrder(storage.signingKeys.list(), ({ kid }) => kid, names);
  });

  withStore("an organisation's clients are its own and those that it made as a supplier", async (t, { storage }) => {
    const own = { ...client, clientId: 'own', orgno: supplier.orgno, supplierOrgno: supplier.orgno };
    const plain = { ...bareClient, clientId: 'plain', orgno: supplier.orgno };
    await storage.transaction(async (changes) => {
      await putOrganizations(changes);
      for (const each of [plain, own, client, bareClient]) await changes.clients.put(each);
    });
    t.strictSame(await storage.clients.listOf(supplier.orgno), [client, own, plain], 'each once');
    t.strictSame(await storage.clients.listOf(consumer.orgno), [bareClient, client]);
    t.strictSame(await storage.clients.listOf(owner.orgno), []);
  });

  withStore("an owner's scopes are its own, inactive ones too", async (t, { storage }) => {
    const map = { ...scope, name: 'kart:a', prefix: 'kart', subscope: 'a', ownerOrgno: consumer.orgno };
    await storage.transaction(async (changes) => {
      await putOrganizations(changes);
      for (const each of [scope, map, bareScope]) await changes.scopes.put(each);
    });
    t.strictSame(await storage.scopes.listOf(owner.orgno), [bareScope, scope]);
    t.strictSame(await storage.scopes.listOf(consumer.orgno), [map]);
    t.strictSame(await storage.scopes.listOf(supplier.orgno), []);
  });

  withStore('accesses are listed by every member of the filter, by scope and then by consumer', async (t, { storage }) => {
    const map = { ...bareScope, name: 'kart:a', prefix: 'kart', ownerOrgno: consumer.orgno };
    const fish = '310555053';
    const inOrder = [
      { ...bareAccess, scope: map.name, consumerOrgno: consumer.orgno },
      { ...bareAccess, scope: map.name, consumerOrgno: fish, requestedBy: bareClient.clientId },
      { ...bareAccess, scope: bareScope.name, consumerOrgno: fish },
      { ...bareAccess, scope: scope.name, consumerOrgno: consumer.orgno },
      { ...bareAccess, scope: scope.name, consumerOrgno: fish, requestedBy: bareClient.clientId, reason: 'Byggesak' },
    ];
    await storage.transaction(async (changes) => {
      await putOrganizations(changes);
      for (const each of [scope, bareScope, map]) await changes.scopes.put(each);
      await changes.clients.put(bareClient);
      for (const each of inOrder.toReversed()) await changes.accesses.put(each);
    });
    const cases: readonly (readonly [filter: AccessFilter, places: readonly number[]])[] = [
      [{ scope: scope.name }, [3, 4]],
      [{ consumerOrgno: fish }, [1, 2, 4]],
      [{ ownerOrgno: owner.orgno }, [2, 3, 4]],
      [{ ownerOrgno: consumer.orgno }, [0, 1]],
      [{ ownerOrgno: supplier.orgno }, []],
      [{ consumerOrgno: fish, ownerOrgno: owner.orgno }, [2, 4]],
      [{ scope: scope.name, consumerOrgno: consumer.orgno }, [3]],
      [{ scope: map.name, ownerOrgno: owner.orgno }, []],
      [{ scope: scope.name, consumerOrgno: fish, ownerOrgno: owner.orgno }, [4]],
      [{ scope: scope.name.toUpperCase() }, []],
      [{ consumerOrgno: fish, requested: true }, [1, 4]],
      [{ ownerOrgno: owner.orgno, requested: true }, [4]],
      [{ consumerOrgno: consumer.orgno, requested: true }, []],
    ];
    for (const [filter, places] of cases) {
      const expected = places.map((place) => inOrder[place]);
      t.strictSame(await storage.accesses.list(filter), expected, JSON.stringify(filter));
    }
    await t.rejects(storage.accesses.list({}), { message: 'a list of every access was asked for' });
  });
}
