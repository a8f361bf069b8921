import type { WithStore } from './contract.ts';

const first = { clientId: 'a', key: 'k-1', request: 'digest', answer: { orgno: '310555037', name: 'Ø' }, created: 100 };

/** What POSTs were answered first, and the store's own secrets. */
export function firstResults(withStore: WithStore): void {
  withStore('PV-SEC-088 a first result is found again by its client and key, and by no other', async (t, { storage }) => {
    await storage.transaction(({ firstResults }) => firstResults.put(first));
    await storage.transaction(async ({ firstResults }) => {
      t.strictSame(await firstResults.find('a', 'k-1'), first);
      t.equal(await firstResults.find('b', 'k-1'), undefined);
      t.equal(await firstResults.find('a', 'K-1'), undefined);
    });
  });

  withStore('PV-SEC-088 a later result takes the place of one with the same key', async (t, { storage }) => {
    const later = { ...first, request: 'other', answer: { orgno: '310555029' }, created: 200 };
    await storage.transaction(async ({ firstResults }) => {
      await firstResults.put(first);
      await firstResults.put(later);
      t.strictSame(await firstResults.find('a', 'k-1'), later);
    });
  });

  withStore('PV-SEC-088 pruning removes what is older than it is kept, and nothing else', async (t, { storage }) => {
    await storage.transaction(async ({ firstResults }) => {
      for (const created of [99, 100]) await firstResults.put({ ...first, key: `k-${created}`, created });
      await firstResults.prune(160, 60);
      t.equal(await firstResults.find('a', 'k-99'), undefined);
      t.ok(await firstResults.find('a', 'k-100'));
    });
  });

  withStore('a secret is made once, has 32 bytes, and is the same for every process', async (t, { storage, openAgain }) => {
    const other = await openAgain();
    const [one, two] = await Promise.all([storage.secret('cursor'), other.secret('cursor')]);
    t.equal(one.length, 32);
    t.same(one, two);
    t.notSame(await storage.secret('another'), one);
  });
}
