import type { Test } from 'tap';
import type { SpendKey, Storage } from '../../server/core/ports.ts';
import { MAX_BATCH } from '../../server/storage/spend.ts';
import { startChild } from './child-process.ts';
import type { WithStore } from './contract.ts';
import { putAll, verdict } from './samples.ts';

const EXPIRES = 1_767_225_720;

function spend(storage: Storage, key: SpendKey): Promise<boolean> {
  return storage.assertions.spend(key, EXPIRES, verdict);
}

/** Each assertion once, durably, with its verdict. */
export function spending(withStore: WithStore): void {
  withStore('PV-SEC-029 an assertion is spent once, and its verdict is kept once', async (t, { storage }) => {
    const key = { clientId: 'a', jti: '1' };
    t.equal(await storage.assertions.isSpent(key), false);
    t.equal(await storage.assertions.isSpent(key), false, 'asking spends nothing');
    t.equal(await spend(storage, key), true);
    t.equal(await spend(storage, key), false);
    t.equal(await storage.assertions.spend(key, EXPIRES + 1, { ...verdict, at: 99 }), false, 'whatever its expiry');
    t.equal(await storage.assertions.isSpent(key), true);
    t.strictSame(await storage.audit.list(10), [verdict]);
  });

  withStore('PV-SEC-029 of 50 equal spends at once one is fresh', async (t, { storage }) => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => spend(storage, { clientId: 'a', jti: '1' })));
    t.equal(outcomes.filter((fresh) => fresh).length, 1);
    t.equal((await storage.audit.list(100)).length, 1);
  });

  withStore('PV-SEC-029 of equal spends through two adapters one is fresh', async (t, { storage, openAgain }) => {
    const other = await openAgain();
    const keys = Array.from({ length: 50 }, (_, n) => ({ clientId: 'a', jti: `${n}` }));
    const outcomes = await Promise.all([storage, other].map((each) => Promise.all(keys.map((key) => spend(each, key)))));
    t.same(
      keys.map((_, n) => outcomes.filter((fresh) => fresh[n]).length),
      keys.map(() => 1),
    );
    t.equal(await spend(other, { clientId: 'a', jti: '0' }), false);
  });

  withStore('PV-SEC-029 of equal spends in two processes one is fresh', async (t, { location }) => {
    const children = await Promise.all(['race', 'race'].map((task) => startChild(t, task, location)));
    for (const child of children) child.say('go');
    const outcomes = await Promise.all(children.map(async (child) => JSON.parse(await child.line()) as boolean[]));
    const [first = [], second = []] = outcomes;
    t.equal(first.length, 500);
    t.same(
      first.filter((fresh, n) => fresh === second[n]),
      [],
      'each went to one of them',
    );
  });

  withStore("PV-SEC-033 a client's jti is no other client's", async (t, { storage }) => {
    t.equal(await spend(storage, { clientId: 'a', jti: '1' }), true);
    t.equal(await spend(storage, { clientId: 'b', jti: '1' }), true);
    t.equal(await spend(storage, { clientId: 'a', jti: '2' }), true);
    t.equal(await spend(storage, { clientId: 'A', jti: '1' }), true, 'byte for byte');
    t.equal(await spend(storage, { clientId: 'a', jti: '1 ' }), true, 'byte for byte');
  });

  withStore('PV-SEC-033 client and jti cannot be cut differently', async (t, { storage }) => {
    const keys = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc', ''],
      ['a', '1:bc'],
      ['1:a', 'bc'],
      ['a01', 'c'],
      ['a0', '1:c'],
    ] as const;
    for (const [clientId, jti] of keys) t.equal(await spend(storage, { clientId, jti }), true, `${clientId}, ${jti}`);
  });

  withStore('PV-SEC-032 no jti can equal the digest of an assertion without one', async (t, { storage }) => {
    const signingInput = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0';
    t.equal(await spend(storage, { clientId: 'a', signingInput }), true);
    t.equal(await spend(storage, { clientId: 'a', signingInput }), false);
    t.equal(await spend(storage, { clientId: 'b', signingInput }), true);
    t.equal(await spend(storage, { clientId: 'a', jti: signingInput }), true);
  });

  withStore('a burst larger than one commit is spent whole', async (t, { storage }) => {
    const count = 2 * MAX_BATCH + 1;
    const outcomes = await Promise.all(Array.from({ length: count }, (_, n) => spend(storage, { clientId: 'a', jti: `${n}` })));
    t.ok(outcomes.every((fresh) => fresh));
    t.equal((await storage.audit.list(2 * count)).length, count);
  });

  withStore('a spend waits for the transactions that were asked for before it', async (t, { storage }) => {
    const registering = storage.transaction(putAll);
    const spending = spend(storage, { clientId: 'a', jti: '1' });
    const failing = storage.transaction(() => Promise.reject(new Error('no')));
    await registering;
    await t.rejects(failing, { message: 'no' });
    t.equal(await spending, true);
    t.equal(await storage.assertions.isSpent({ clientId: 'a', jti: '1' }), true);
  });

  withStore('a verdict that cannot be written down fails alone and spends nothing', async (t, { storage }) => {
    const bad = storage.assertions.spend({ clientId: 'a', jti: 'bad' }, EXPIRES, { ...verdict, details: { big: 1n } });
    const good = spend(storage, { clientId: 'a', jti: 'good' });
    await t.rejects(bad, TypeError);
    t.equal(await good, true);
    t.equal(await storage.assertions.isSpent({ clientId: 'a', jti: 'bad' }), false);
  });

  withStore('PV-SEC-031 a spent assertion is remembered for 60 s after its end, then removed', async (t, { storage }) => {
    const key = { clientId: 'a', jti: '1' };
    await spend(storage, key);
    for (const now of [0, EXPIRES - 1, EXPIRES, EXPIRES + 1, EXPIRES + 60]) {
      t.equal(await storage.assertions.prune(now, 100), 0, `at ${now - EXPIRES}`);
      t.equal(await storage.assertions.isSpent(key), true);
    }
    t.equal(await storage.assertions.prune(EXPIRES + 61, 100), 1);
    t.equal(await storage.assertions.isSpent(key), false);
    t.equal((await storage.audit.list(10)).length, 1, 'the audit stays');
  });

  withStore('PV-SEC-035 ended assertions are removed in slices, the oldest first, and no live one', async (t, { storage }) => {
    const { assertions } = storage;
    const at = (jti: number, expires: number) => assertions.spend({ clientId: 'a', jti: `${jti}` }, expires, verdict);
    await Promise.all(Array.from({ length: 25 }, (_, n) => at(n, 1000 - n)));
    await Promise.all(Array.from({ length: 25 }, (_, n) => at(100 + n, 2000 + n)));
    t.equal(await assertions.prune(1500, 10), 10);
    t.same(await spentAmong(t, storage, [24, 15, 14, 0, 100]), [14, 0, 100]);
    t.same([await assertions.prune(1500, 10), await assertions.prune(1500, 10), await assertions.prune(1500, 10)], [10, 5, 0]);
    t.same(
      (
        await spentAmong(
          t,
          storage,
          Array.from({ length: 25 }, (_, n) => 100 + n),
        )
      ).length,
      25,
    );
  });
}

async function spentAmong(t: Test, storage: Storage, jtis: readonly number[]): Promise<number[]> {
  const spent = await Promise.all(jtis.map((jti) => storage.assertions.isSpent({ clientId: 'a', jti: `${jti}` })));
  t.equal(spent.length, jtis.length);
  return jtis.filter((_, place) => spent[place]);
}
