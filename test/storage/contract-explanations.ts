import type { KeptExplanation } from '../../server/core/kept-explanation.ts';
import { DAY } from '../../server/core/time.ts';
import type { WithStore } from './contract.ts';

const kept: KeptExplanation = {
  ...{ id: 'a'.repeat(32), at: 1_000, isProven: true, code: 'MP-251', clientId: 'c-1' },
  ...{ consumer: '310555037', supplier: '310555045', owner: '310555029', scopes: ['prove:bygg.read'] },
  checks: [
    { id: 'form', result: 'pass' },
    { id: 'delegation', result: 'fail', code: 'MP-251', expected: 'a delegation in force', got: 'none' },
    { id: 'details_holder', result: 'not_reached' },
  ],
};
const bare: KeptExplanation = {
  ...{ id: 'b'.repeat(32), at: 1_000, isProven: false, code: 'MP-011', scopes: [] },
  checks: [{ id: 'jws', result: 'fail', code: 'MP-011' }],
};

/** Why tokens were refused, found by correlation id until it is too old. */
export function explanations(withStore: WithStore): void {
  withStore('an explanation is found whole by its id, in every process', async (t, { storage, openAgain }) => {
    await storage.explanations.add([kept, bare]);
    const other = await openAgain();
    t.strictSame(await other.explanations.find(kept.id), [kept]);
    t.strictSame(await other.explanations.find(bare.id), [bare]);
    for (const id of ['', 'c'.repeat(32), 'A'.repeat(32), "'", '\0'])
      t.strictSame(await storage.explanations.find(id), [], JSON.stringify(id));
  });

  withStore('explanations of one id are kept apart; proven ones come first, then the newest', async (t, { storage }) => {
    const { explanations } = storage;
    const strangers = Array.from({ length: 30 }, (_, place) => ({ ...bare, id: kept.id, at: 2_000 + place }));
    await explanations.add([kept, ...strangers]);
    await explanations.add([kept, { ...kept, at: 1_001 }]);
    const found = await explanations.find(kept.id);
    t.same(
      found.map(({ at }) => at),
      [1_001, 1_000, ...Array.from({ length: 18 }, (_, place) => 2_029 - place)],
    );
  });

  withStore('of one client, code and second one is kept, also when two processes keep some at once', async (t, place) => {
    const other = await place.openAgain();
    const batch = Array.from({ length: 50 }, (_, number) => ({ ...kept, id: `${number}`.padStart(32, '0') }));
    await Promise.all([place.storage.explanations.add(batch), other.explanations.add(batch.toReversed())]);
    for (const { id } of batch) t.equal((await other.explanations.find(id)).length, 1);
    await other.explanations.add([]);
  });

  withStore('what is too old is removed, the oldest first and so many at a time', async (t, { storage: { explanations } }) => {
    const all = [1, 2, 3, 4, 5].map((at) => ({ ...kept, id: `${at}`.padStart(32, '0'), at }));
    await explanations.add(all);
    const left = async () => (await Promise.all(all.map(({ id }) => explanations.find(id)))).map(({ length }) => length);
    t.equal(await explanations.prune({ now: 1 + DAY, seconds: DAY }, 10, 2), 0);
    t.equal(await explanations.prune({ now: 4 + DAY, seconds: DAY }, 10, 2), 2);
    t.same(await left(), [0, 0, 1, 1, 1]);
    t.equal(await explanations.prune({ now: 4 + DAY, seconds: DAY }, 10, 2), 1);
    t.equal(await explanations.prune({ now: 4 + DAY, seconds: DAY }, 10, 2), 0);
    t.same(await left(), [0, 0, 0, 1, 1]);
  });

  withStore('PV-SEC-104 of what strangers cause so much is kept, and never pushes out what is proven', async (t, place) => {
    const { explanations } = place.storage;
    const strangers = Array.from({ length: 6 }, (_, at) => ({ ...bare, id: `${at}`.padStart(32, 'b'), at: 100 + at }));
    await explanations.add([{ ...kept, at: 1 }, ...strangers]);
    t.equal(await explanations.prune({ now: DAY, seconds: DAY }, 6, 10), 0);
    t.equal(await explanations.prune({ now: DAY, seconds: DAY }, 4, 1), 1, 'a slice');
    t.equal(await explanations.prune({ now: DAY, seconds: DAY }, 4, 10), 1);
    t.equal(await explanations.prune({ now: DAY, seconds: DAY }, 4, 10), 0);
    const found = await Promise.all(strangers.map(({ id }) => explanations.find(id)));
    t.same(
      found.map(({ length }) => length),
      [0, 0, 1, 1, 1, 1],
    );
    t.equal((await explanations.find(kept.id)).length, 1);
  });
}
