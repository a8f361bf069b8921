import type { WithStore } from './contract.ts';
import { verdict } from './samples.ts';

const EXPIRES = 1_767_225_720;

/** What is no longer remembered is never taken for unused. */
export function replayFloor(withStore: WithStore): void {
  withStore('PV-SEC-036 a store begins without a replay floor', async (t, { storage }) => {
    t.strictSame((await storage.standing()).replayFloor, { issuedFrom: 0, forgotten: [] });
  });

  withStore('PV-SEC-036 the floor is raised in a transaction, seen by every adapter, and never falls', async (t, place) => {
    const other = await place.openAgain();
    const raise = (issuedFrom: number) => place.storage.transaction((changes) => changes.replayFloor.raise(issuedFrom));
    const floor = async () => (await other.standing()).replayFloor.issuedFrom;
    await raise(EXPIRES);
    t.equal(await floor(), EXPIRES);
    await raise(EXPIRES - 1);
    t.equal(await floor(), EXPIRES, 'an earlier moment leaves it');
    await t.rejects(
      place.storage.transaction(async (changes) => {
        await changes.replayFloor.raise(EXPIRES + 1);
        throw new Error('undone');
      }),
    );
    t.equal(await floor(), EXPIRES, 'what is undone has not raised it');
  });

  withStore('PV-SEC-031 an assertion that was removed cannot be spent again, whatever the clock says', async (t, place) => {
    const { assertions } = place.storage;
    const other = await place.openAgain();
    const spend = (jti: string, expires: number) => other.assertions.spend({ clientId: 'a', jti }, expires, verdict);
    t.equal(await spend('1', EXPIRES), true);
    t.equal(await assertions.prune(EXPIRES + 61, 100), 1);
    t.strictSame((await other.standing()).replayFloor.forgotten, [{ since: EXPIRES, until: EXPIRES }]);
    t.equal(await spend('1', EXPIRES), false, 'the same');
    t.equal(await spend('2', EXPIRES), false, 'nor one that cannot be told from it');
    t.equal(await spend('3', EXPIRES + 1), true, 'one that ends later was never removed');
    t.equal(await spend('4', EXPIRES - 1), true, 'nor one that ends earlier');
    t.equal((await place.storage.audit.list(10)).length, 3, 'nothing is kept of what was not spent');
  });

  withStore('PV-SEC-031 what is forgotten is what went, and not what a clock says', async (t, { storage }) => {
    const { assertions } = storage;
    const forgotten = async () => (await storage.standing()).replayFloor.forgotten;
    for (const n of [1, 2, 3]) await assertions.spend({ clientId: 'a', jti: `${n}` }, EXPIRES + n, verdict);
    t.equal(await assertions.prune(EXPIRES, 100), 0);
    t.strictSame(await forgotten(), [], 'nothing went');
    t.equal(await assertions.prune(EXPIRES + 10_000_000, 2), 2);
    t.strictSame(await forgotten(), [{ since: EXPIRES + 1, until: EXPIRES + 2 }], 'the third is still remembered');
    t.equal(await assertions.prune(EXPIRES + 10_000_000, 2), 1);
    t.strictSame(await forgotten(), [{ since: EXPIRES + 1, until: EXPIRES + 3 }]);
  });

  withStore('PV-SEC-031 what was used a day ahead leaves free what lies before it', async (t, { storage }) => {
    const { assertions } = storage;
    const day = 86_400;
    const spend = (jti: string, expires: number) => assertions.spend({ clientId: 'a', jti }, expires, verdict);
    t.equal(await spend('now', EXPIRES), true);
    t.equal(await spend('ahead', EXPIRES + day), true);
    t.equal(await assertions.prune(EXPIRES + 2 * day, 100), 2);
    t.equal(await spend('later', EXPIRES + 1), true, 'the clock is right again');
    t.equal(await spend('ahead', EXPIRES + day), false, 'and comes to that moment');
    t.equal(await spend('now', EXPIRES), false);
  });
}
