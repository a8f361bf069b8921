import t from 'tap';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { WriteQueue } from '../../server/storage/write-queue.ts';

/** As a commit to a slow disk does. */
function hold(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

t.test('PV-SEC-118 writes to a slow disk leave the event loop a turn between them', async (t) => {
  const writes = new WriteQueue(async (work) => work());
  const events: string[] = [];
  const write = (name: string) =>
    writes.run(() => {
      hold(60);
      events.push(name);
    });
  const all = Promise.all([write('first'), write('second'), write('third')]);
  setTimeout(() => events.push('others'), 1);
  await all;
  t.same(events, ['first', 'others', 'second', 'third']);
});

t.test('PV-SEC-118 a write that has waited for too long is refused, and is not done later', async (t) => {
  const writes = new WriteQueue(async (work) => work(), 20);
  const done: string[] = [];
  const write = (name: string, since?: number) =>
    writes.run(() => {
      hold(30);
      done.push(name);
    }, since);
  const [first, second] = [write('first'), write('second')];
  await first;
  await t.rejects(second, new StoreUnavailable('a write waited for longer than 20 ms'));
  await write('third');
  t.same(done, ['first', 'third']);
  await t.rejects(write('old', performance.now() - 21), { name: 'StoreUnavailable' }, 'also where it waited elsewhere before');
  t.same(done, ['first', 'third']);
});

t.test('a store is closed behind what goes on, however long it waits for that', async (t) => {
  const writes = new WriteQueue(async (work) => work(), 20);
  const done: string[] = [];
  const write = () => writes.run(() => hold(30));
  const all = [write(), write(), writes.end(() => done.push('closed'))];
  const [, second] = await Promise.allSettled(all);
  t.match(second, { status: 'rejected', reason: { name: 'StoreUnavailable' } });
  t.same(done, ['closed'], 'it is not left open');
});
