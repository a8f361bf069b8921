import { createHash } from 'node:crypto';
import t from 'tap';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { GroupCommit, MAX_BATCH, spendDigest } from '../../server/storage/spend.ts';

const half = (text: string) => createHash('sha256').update(text).digest().subarray(0, 16);

t.test('PV-SEC-032 the replay key is half a SHA-256 over client, kind and value, each text with its length', async (t) => {
  t.same(spendDigest({ clientId: 'a', jti: 'æ' }), half('1:a02:æ'));
  t.same(spendDigest({ clientId: 'a', signingInput: 'h.p' }), half('1:a13:h.p'));
});

t.test('what is spent in one turn of the event loop is one commit, in the order asked', async (t) => {
  const batches: number[][] = [];
  const spends = new GroupCommit<number>(async (batch) => {
    batches.push([...batch]);
    return batch.map((n) => n % 2 === 0);
  });
  const turn = [spends.add(1), spends.add(2)];
  await Promise.resolve();
  turn.push(spends.add(4));
  t.same(await Promise.all(turn), [false, true, true]);
  t.equal(await spends.add(6), true);
  t.same(batches, [[1, 2, 4], [6]]);
});

t.test('PV-SEC-030 nothing is answered before its commit', async (t) => {
  const events: string[] = [];
  let commit = (): void => {};
  const spends = new GroupCommit<string>((batch) => {
    events.push('begun');
    return new Promise((resolve) => {
      commit = () => {
        events.push('committed');
        resolve(batch.map(() => true));
      };
    });
  });
  const answered = spends.add('x').then(() => events.push('answered'));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  t.same(events, ['begun']);
  commit();
  await answered;
  t.same(events, ['begun', 'committed', 'answered']);
});

t.test('a commit has a bound, and a burst takes several', async (t) => {
  const sizes: number[] = [];
  const spends = new GroupCommit<number>(async (batch) => {
    sizes.push(batch.length);
    return batch.map(() => true);
  });
  const outcomes = await Promise.all(Array.from({ length: 2 * MAX_BATCH + 3 }, (_, n) => spends.add(n)));
  t.ok(outcomes.every((fresh) => fresh));
  t.same(sizes, [MAX_BATCH, MAX_BATCH, 3]);
});

t.test('PV-SEC-030 a failed commit rejects its whole batch, and the next goes on', async (t) => {
  const disk = new Error('full');
  let full = true;
  const spends = new GroupCommit<number>(async (batch) => {
    if (full) throw disk;
    return batch.map(() => true);
  });
  const outcomes = await Promise.allSettled([spends.add(1), spends.add(2)]);
  t.same(outcomes, [
    { status: 'rejected', reason: disk },
    { status: 'rejected', reason: disk },
  ]);
  full = false;
  t.equal(await spends.add(3), true);
});

t.test('what comes while a commit is on its way shares the next', async (t) => {
  const batches: number[][] = [];
  const ways: (() => void)[] = [];
  const spends = new GroupCommit<number>((batch) => {
    batches.push([...batch]);
    return new Promise((resolve) => ways.push(() => resolve(batch.map(() => true))));
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const spent = [spends.add(1)];
  await turn();
  spent.push(spends.add(2));
  await turn();
  spent.push(spends.add(3));
  await turn();
  t.same(batches, [[1]]);
  ways[0]?.();
  await spent[0];
  await turn();
  t.same(batches, [[1], [2, 3]]);
  ways[1]?.();
  t.same(await Promise.all(spent), [true, true, true]);
});

t.test('PV-SEC-118 what gathers behind a commit that finds no store is refused with it', async (t) => {
  const gone = new StoreUnavailable('gone');
  let lose = (): void => {};
  const commit = (): Promise<boolean[]> =>
    new Promise((_, reject) => {
      lose = () => reject(gone);
    });
  const spends = new GroupCommit<number>(commit);
  const spent = [spends.add(1)];
  await new Promise((resolve) => setImmediate(resolve));
  spent.push(spends.add(2), spends.add(3));
  lose();
  t.same(
    await Promise.allSettled(spent),
    spent.map(() => ({ status: 'rejected', reason: gone })),
  );
});
