import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Changes, type Storage, StoreUnavailable } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import { bareRecord, owner, putAll, putOrganizations, verdict } from './samples.ts';

/** All or nothing, one after the other, seen by nobody before they are done. */
export function transactions(withStore: WithStore): void {
  withStore('PV-SEC-092 a transaction whose work fails leaves nothing, its audit record neither', async (t, { storage }) => {
    const mistake = new Error('a rule was broken');
    const failing = storage.transaction(async (changes) => {
      await putAll(changes);
      throw mistake;
    });
    t.equal(await failing.catch((error) => error), mistake, 'the very error');
    t.same(await storage.organizations.list(), []);
    t.same(await storage.clients.list(), []);
    t.same(await storage.audit.list(10), []);
  });

  withStore('a transaction whose last statement is refused leaves nothing', async (t, { storage }) => {
    await t.rejects(
      storage.transaction(async (changes) => {
        await putOrganizations(changes);
        await changes.prefixes.put({ prefix: 'p', ownerOrgno: 'nobody', active: true, created: 0, lastUpdated: 0 });
      }),
    );
    t.same(await storage.organizations.list(), []);
  });

  withStore(
    'PV-SEC-073 every change raises the version, for every adapter; spending and undone work do not',
    async (t, place) => {
      const { storage } = place;
      const other = await place.openAgain();
      const { version: first } = await storage.standing();
      await other.transaction(putOrganizations);
      t.ok((await other.standing()).version > first, 'who made the change knows of it before it is answered');
      const second = place.isOneMachine ? (await storage.standing()).version : await heardWithinASecond(storage, first);
      t.ok(second > first);
      await t.rejects(storage.transaction(async () => Promise.reject(new Error('undone'))));
      await storage.assertions.spend({ clientId: 'a', jti: '1' }, 99, verdict);
      await storage.audit.append(verdict);
      t.equal((await other.standing()).version, second);
    },
  );

  withStore('a transaction returns what its work returns, and holds from then on for every adapter', async (t, place) => {
    const other = await place.openAgain();
    t.equal(await place.storage.transaction((changes) => putAll(changes).then(() => 'done')), 'done');
    for (const storage of [place.storage, other]) t.strictSame(await storage.organizations.find(owner.orgno), owner);
  });

  withStore('nobody sees what a transaction has not committed', async (t, place) => {
    const other = await place.openAgain();
    await place.storage.transaction(async (changes) => {
      await putAll(changes);
      t.strictSame(await changes.organizations.find(owner.orgno), owner, 'its own work does');
      for (const storage of [place.storage, other]) {
        t.equal(await storage.organizations.find(owner.orgno), undefined);
        t.same(await storage.clients.list(), []);
        t.same(await storage.audit.list(10), []);
      }
    });
  });

  withStore('PV-SEC-120 transactions run one after the other, in the order they were asked for', async (t, { storage }) => {
    const steps: string[] = [];
    const rename = (name: string) =>
      storage.transaction(async (changes) => {
        steps.push(`${name} begins`);
        const before = await changes.organizations.find(owner.orgno);
        await changes.organizations.put({ ...owner, name: `${before?.name ?? ''}${name}` });
        await changes.organizations.list();
        steps.push(`${name} ends`);
      });
    await Promise.all(['1', '2', '3'].map(rename));
    t.same(steps, ['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
    t.equal((await storage.organizations.find(owner.orgno))?.name, '123', 'each saw the one before');
  });

  withStore('a failed transaction does not hold up the next', async (t, { storage }) => {
    const failing = storage.transaction(() => Promise.reject(new Error('no')));
    const next = storage.transaction(putAll);
    await t.rejects(failing, { message: 'no' });
    await next;
    t.strictSame(await storage.organizations.find(owner.orgno), owner);
  });

  withStore('changes are refused once their transaction is over', async (t, { storage }) => {
    let kept: Changes | undefined;
    await storage.transaction(async (changes) => {
      kept = changes;
    });
    const error = await kept?.organizations.put(owner).catch((error: unknown) => error);
    t.ok(error instanceof Error && !(error instanceof StoreUnavailable), String(error));
    t.equal(await storage.organizations.find(owner.orgno), undefined);
  });

  withStore('the audit is read newest first, at most as many as asked for, with every member', async (t, { storage }) => {
    await storage.transaction(async (changes) => {
      for (const record of [bareRecord, verdict]) await changes.audit.append(record);
    });
    await storage.transaction((changes) => changes.audit.append({ ...bareRecord, type: 'third', at: 1 }));
    t.strictSame(await storage.audit.list(10), [{ ...bareRecord, type: 'third', at: 1 }, verdict, bareRecord]);
    t.strictSame(await storage.audit.list(2), [{ ...bareRecord, type: 'third', at: 1 }, verdict]);
    t.strictSame(await storage.audit.list(0), []);
  });
}

async function heardWithinASecond(storage: Storage, before: number): Promise<number> {
  for (const deadline = performance.now() + 1_000; performance.now() < deadline; await nextTurn()) {
    const { version } = await storage.standing();
    if (version > before) return version;
  }
  return before;
}
