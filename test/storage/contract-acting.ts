import type { Test } from 'tap';
import type { Delegation, DelegationFilter } from '../../server/core/delegation.ts';
import type { Changes, Registers, Storage } from '../../server/core/ports.ts';
import type { SystemUserQuestion } from '../../server/core/system-user.ts';
import type { WithStore } from './contract.ts';
import { bareRecord, bareScope, consumer, owner, putOrganizations, scope, supplier, verdict } from './samples.ts';
import {
  bareConsent,
  bareDelegation,
  bareSource,
  bareSystem,
  bareSystemUser,
  consent,
  delegation,
  source,
  system,
  systemUser,
} from './samples-acting.ts';

/** Who acts for whom: delegations, systems, system users, consents, sources. */
export function acting(withStore: WithStore): void {
  withStore(
    'delegations, systems, system users, consents and sources are found again with every member',
    async (t, { storage }) => {
      await storage.transaction(async (changes) => {
        await putAllActing(changes);
        await everythingIsFound(t, changes);
      });
      await everythingIsFound(t, storage);
    },
  );

  withStore('of who acts for whom nothing is found that is not there, byte for byte', async (t, { storage }) => {
    await storage.transaction(putAllActing);
    t.equal(await storage.delegations.find(delegation.id.toUpperCase()), undefined);
    t.equal(await storage.systems.find(`${system.systemId} `), undefined);
    t.equal(await storage.systemUsers.find(systemUser.id.toUpperCase()), undefined);
    t.equal(await storage.consents.find(consent.id.toUpperCase()), undefined);
    t.equal(await storage.sources.find('Altinn'), undefined);
    t.equal(await storage.sources.findByIssuer(source.issuer.slice(0, -1)), undefined);
    t.same(await storage.systems.listOf('310555061'), []);
    t.same(await storage.consents.list({ from: consent.from.toUpperCase() }), []);
  });

  withStore('put replaces who acts for whom by the natural key', async (t, { storage }) => {
    const changed = {
      delegation: { ...bareDelegation, id: delegation.id, scopes: ['annen:les'], revoked: false },
      system: { ...bareSystem, systemId: system.systemId },
      systemUser: { ...bareSystemUser, id: systemUser.id },
      consent: { ...bareConsent, id: consent.id },
      source: { ...bareSource, name: source.name, issuer: 'https://ny.example.no/' },
    };
    await storage.transaction(putAllActing);
    await storage.transaction(async (changes) => {
      await changes.systems.put(changed.system);
      await changes.systemUsers.put({ ...bareSystemUser, state: 'REVOKED' });
      await changes.delegations.put(changed.delegation);
      await changes.systemUsers.put(changed.systemUser);
      await changes.consents.put(changed.consent);
      await changes.sources.put(changed.source);
    });
    t.strictSame(await storage.delegations.find(delegation.id), changed.delegation);
    t.strictSame(await storage.systems.find(system.systemId), changed.system);
    t.strictSame(await storage.systemUsers.find(systemUser.id), changed.systemUser);
    t.strictSame(await storage.consents.find(consent.id), changed.consent);
    t.strictSame(await storage.sources.find(source.name), changed.source, 'also one of another kind');
    t.equal(await storage.sources.findByIssuer(source.issuer), undefined);
    const asked = { consumerOrgno: owner.orgno, supplierOrgno: '310555061' };
    t.strictSame(await storage.delegations.list({ scope: scope.name }), [], 'its scopes are those it has now');
    t.strictSame(await storage.delegations.list({ ...asked, scope: 'annen:les' }), [changed.delegation]);
  });

  withStore('what another has, or what names nobody, cannot be put', async (t, { storage }) => {
    await storage.transaction(putAllActing);
    const attempts: ((changes: Changes) => Promise<void>)[] = [
      (changes) => changes.delegations.put({ ...delegation, id: 'x', consumerOrgno: '310555061' }),
      (changes) => changes.delegations.put({ ...delegation, id: 'x', scopes: ['a:b', 'a:b'] }),
      (changes) => changes.systems.put({ ...system, systemId: 'x', vendorOrgno: '310555061' }),
      (changes) => changes.systemUsers.put({ ...systemUser, id: 'x', systemId: 'x' }),
      (changes) => changes.systemUsers.put({ ...systemUser, id: 'x', state: 'REQUESTED' }),
      (changes) => changes.sources.put({ ...bareSource, name: 'x' }),
    ];
    for (const attempt of attempts) await t.rejects(storage.transaction(attempt));
    await everythingIsFound(t, storage);
    await storage.transaction(async (changes) => {
      await changes.sources.remove(bareSource.name);
      await changes.sources.remove(bareSource.name);
    });
    t.strictSame(await storage.sources.list(), [source]);
  });

  withStore(
    'PV-SEC-072 a delegation holds for exactly its scope, consumer and supplier, in its period, until revoked',
    async (t, place) => {
      const { storage } = place;
      const other = await place.openAgain();
      await storage.transaction(putActiveOrganizations);
      await give(storage, delegation);
      const asked = { scope: scope.name, consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno };
      for (const { delegations } of [storage, other]) {
        for (const [now, holds] of [
          [99, false],
          [100, true],
          [199, true],
          [200, false],
        ] as const)
          t.equal(await delegations.inForce(asked, now), holds, `at ${now}`);
        t.equal(await delegations.inForce({ ...asked, scope: 'annen:skriv' }, 150), true);
        t.equal(await delegations.inForce({ ...asked, scope: 'annen:skri' }, 150), false);
        t.equal(await delegations.inForce({ ...asked, scope: 'annen:skriv2' }, 150), false);
        t.equal(
          await delegations.inForce({ ...asked, consumerOrgno: supplier.orgno, supplierOrgno: consumer.orgno }, 150),
          false,
        );
        t.equal(await delegations.inForce({ ...asked, supplierOrgno: owner.orgno }, 150), false);
      }
      await give(storage, { ...delegation, revoked: true });
      for (const { delegations } of [storage, other]) t.equal(await delegations.inForce(asked, 150), false);
      await give(storage, { ...bareDelegation, ...asked, scopes: [scope.name], revoked: false, id: 'again' });
      t.equal(await storage.delegations.inForce(asked, 0), true, 'another between the same two, for ever');
    },
  );

  withStore('the delegations of an inactive or unknown organisation rest', async (t, { storage }) => {
    const asked = { scope: scope.name, consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno };
    await storage.transaction(putActiveOrganizations);
    await give(storage, delegation);
    const stranger = { ...delegation, id: 'stranger', supplierOrgno: '310555061' };
    await give(storage, stranger);
    t.equal(await storage.delegations.inForce({ ...asked, supplierOrgno: '310555061' }, 150), false, 'an unknown supplier');
    for (const party of [consumer, supplier]) {
      await storage.transaction((changes) => changes.organizations.put({ ...party, active: false }));
      t.equal(await storage.delegations.inForce(asked, 150), false, `${party.orgno} inactive`);
      t.strictSame(await storage.delegations.list({ scope: scope.name, inForceAt: 150 }), []);
      await storage.transaction((changes) => changes.organizations.put({ ...party, active: true }));
      t.equal(await storage.delegations.inForce(asked, 150), true);
      t.strictSame(await storage.delegations.list({ scope: scope.name, inForceAt: 150 }), [delegation]);
    }
  });

  withStore('delegations are listed by every member of the filter, by id, a page at a time', async (t, { storage }) => {
    const between = (id: string, changes: Partial<Delegation>): Delegation => ({
      ...bareDelegation,
      id,
      revoked: false,
      ...changes,
    });
    const all = [
      between('a', { consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno, scopes: [scope.name, bareScope.name] }),
      between('b', { consumerOrgno: consumer.orgno, supplierOrgno: owner.orgno, scopes: ['annen:skriv'] }),
      between('c', { supplierOrgno: supplier.orgno, scopes: [scope.name], revoked: true }),
      between('d', { supplierOrgno: supplier.orgno, scopes: [bareScope.name], validTo: 100 }),
      between('e', { supplierOrgno: supplier.orgno, scopes: [bareScope.name], validFrom: 200 }),
    ];
    await storage.transaction(async (changes) => {
      await putActiveOrganizations(changes);
      for (const each of [scope, bareScope]) await changes.scopes.put(each);
      for (const each of all.toReversed()) await changes.delegations.put(each);
    });
    const cases: readonly (readonly [filter: DelegationFilter, ids: string])[] = [
      [{ consumerOrgno: consumer.orgno }, 'ab'],
      [{ supplierOrgno: supplier.orgno }, 'acde'],
      [{ consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno }, 'a'],
      [{ scope: scope.name }, 'ac'],
      [{ scope: bareScope.name, consumerOrgno: owner.orgno }, 'de'],
      [{ ownerOrgno: owner.orgno }, 'acde'],
      [{ ownerOrgno: consumer.orgno }, ''],
      [{ supplierOrgno: supplier.orgno, notOverAt: 100 }, 'ae'],
      [{ supplierOrgno: supplier.orgno, inForceAt: 99 }, 'ad'],
      [{ supplierOrgno: supplier.orgno, inForceAt: 200 }, 'ae'],
      [{ supplierOrgno: supplier.orgno, limit: 2 }, 'ac'],
      [{ supplierOrgno: supplier.orgno, after: 'c', limit: 2 }, 'de'],
      [{ supplierOrgno: supplier.orgno, after: 'e', limit: 2 }, ''],
    ];
    for (const [filter, ids] of cases) {
      const found = await storage.delegations.list(filter);
      t.strictSame(
        found,
        all.filter(({ id }) => ids.includes(id)),
        JSON.stringify(filter),
      );
    }
    await t.rejects(storage.delegations.list({ notOverAt: 1, limit: 1 }), {
      message: 'a list of every delegation was asked for',
    });
  });

  withStore(
    'a system user is found for the client, vendor, customer and reference that it has, and for no other (contract §7.1)',
    async (t, { storage }) => {
      await storage.transaction(async (changes) => {
        await putAllActing(changes);
        await changes.systemUsers.put({ ...systemUser, id: 'plain', externalRef: systemUser.customerOrgno });
      });
      const asked: SystemUserQuestion = {
        clientId: 'a',
        vendorOrgno: owner.orgno,
        customerOrgno: systemUser.customerOrgno,
        externalRef: systemUser.externalRef,
      };
      const { externalRef: _, ...bare } = asked;
      t.strictSame(await storage.systemUsers.findFor(asked), systemUser);
      t.strictSame(await storage.systemUsers.findFor({ ...asked, clientId: 'b' }), systemUser, 'any client of the system');
      t.match(await storage.systemUsers.findFor(bare), { id: 'plain' }, 'the one without a reference');
      const strangers: Partial<SystemUserQuestion>[] = [
        { clientId: 'c' },
        { clientId: 'A' },
        { vendorOrgno: supplier.orgno },
        { customerOrgno: '310555061' },
        { externalRef: 'fisk' },
        { externalRef: '' },
      ];
      for (const stranger of strangers)
        t.equal(await storage.systemUsers.findFor({ ...asked, ...stranger }), undefined, JSON.stringify(stranger));
      for (const state of ['REQUESTED', 'REVOKED'] as const) {
        await storage.transaction((changes) => changes.systemUsers.put({ ...systemUser, state }));
        t.equal(await storage.systemUsers.findFor(asked), undefined, state);
      }
      await storage.transaction(async (changes) => {
        await changes.systemUsers.put({ ...systemUser, state: 'REVOKED' });
        await changes.systemUsers.put({ ...systemUser, id: 'new' });
      });
      t.match(await storage.systemUsers.findFor(asked), { id: 'new' }, 'a new one in place of the revoked');
      await storage.transaction((changes) => changes.systems.put({ ...system, active: false }));
      t.equal(await storage.systemUsers.findFor(asked), undefined, 'the system is inactive');
    },
  );

  withStore('delegations asked for in vain are added to what was counted', async (t, { storage, openAgain }) => {
    const other = await openAgain();
    const asked = { supplierOrgno: 's', consumerOrgno: 'c', scope: 'p:1' };
    await storage.missedDelegations.add([
      { ...asked, times: 2, lastAsked: 9 },
      { ...asked, scope: 'p:0', times: 1, lastAsked: 9 },
    ]);
    await other.missedDelegations.add([
      { ...asked, times: 1, lastAsked: 8 },
      { ...asked, supplierOrgno: 'x', times: 1, lastAsked: 1 },
    ]);
    for (const { missedDelegations } of [storage, other]) {
      t.strictSame(await missedDelegations.listOfSupplier('s'), [
        { ...asked, scope: 'p:0', times: 1, lastAsked: 9 },
        { ...asked, times: 3, lastAsked: 9 },
      ]);
    }
  });

  withStore('a record that belongs to no other change is kept when it resolves, in the order given', async (t, place) => {
    const other = await place.openAgain();
    await Promise.all([place.storage.audit.append(bareRecord), place.storage.audit.append(verdict)]);
    t.strictSame(await other.audit.list(10), [verdict, bareRecord]);
    await place.storage.close();
    await t.rejects(place.storage.audit.append(verdict), { name: 'StoreUnavailable' });
  });
}

async function putActiveOrganizations(changes: Changes): Promise<void> {
  for (const organization of [owner, consumer, supplier]) await changes.organizations.put({ ...organization, active: true });
}

async function give(storage: Storage, given: Delegation): Promise<void> {
  await storage.transaction((changes) => changes.delegations.put(given));
}

async function putAllActing(changes: Changes): Promise<void> {
  await putOrganizations(changes);
  for (const each of [delegation, bareDelegation]) await changes.delegations.put(each);
  for (const each of [system, bareSystem]) await changes.systems.put(each);
  for (const each of [systemUser, bareSystemUser]) await changes.systemUsers.put(each);
  for (const each of [consent, bareConsent]) await changes.consents.put(each);
  for (const each of [source, bareSource]) await changes.sources.put(each);
}

async function everythingIsFound(t: Test, registers: Registers): Promise<void> {
  const { delegations, systems, systemUsers, consents, sources } = registers;
  for (const each of [delegation, bareDelegation]) t.strictSame(await delegations.find(each.id), each);
  t.strictSame(await delegations.list({ scope: 'annen:skriv' }), [bareDelegation, delegation]);
  for (const each of [system, bareSystem]) t.strictSame(await systems.find(each.systemId), each);
  t.strictSame(await systems.listOf(owner.orgno), [system]);
  for (const each of [systemUser, bareSystemUser]) t.strictSame(await systemUsers.find(each.id), each);
  t.strictSame(await systemUsers.list({ vendorOrgno: owner.orgno }), [systemUser]);
  t.strictSame(await systemUsers.list({ customerOrgno: '310555061' }), [bareSystemUser]);
  for (const each of [consent, bareConsent]) t.strictSame(await consents.find(each.id), each);
  t.strictSame(await consents.list({ toOrgno: consumer.orgno }), [consent]);
  t.strictSame(await consents.list({ from: bareConsent.from }), [bareConsent]);
  for (const each of [source, bareSource]) {
    t.strictSame(await sources.find(each.name), each);
    t.strictSame(await sources.findByIssuer(each.issuer), each);
  }
  t.strictSame(await sources.list(), [bareSource, source]);
}
