import { DAY } from '../../server/core/time.ts';
import type { WithStore } from './contract.ts';

/** What the processes that serve hold of the signing keys. */
export function keyHolders(withStore: WithStore): void {
  const [first, second] = [
    { process: 'b', node: 'one', at: 1_000_000, kids: [] },
    { process: 'a', node: 'two', at: 1_000_060, kids: ['x', 'å "y"'] },
  ];

  withStore('PV-SEC-099 what processes hold is kept for each, by node, and what one says last counts', async (t, place) => {
    const { storage, openAgain } = place;
    const { version } = await storage.standing();
    for (const holder of [second, first]) await storage.keyHolders.put(holder);
    t.strictSame(await (await openAgain()).keyHolders.list(), [first, second]);
    const later = { ...first, at: 1_000_070, kids: ['x'] };
    await storage.keyHolders.put(later);
    await storage.keyHolders.remove('a');
    await storage.keyHolders.remove('nobody');
    t.strictSame(await storage.keyHolders.list(), [later]);
    t.equal((await storage.standing()).version, version, 'nothing is read anew for it');
  });

  withStore('a process that has said nothing for a day is forgotten', async (t, { storage }) => {
    for (const holder of [first, second]) await storage.keyHolders.put(holder);
    const last = { ...second, process: 'c', at: first.at + DAY + 1 };
    await storage.keyHolders.put(last);
    t.strictSame(await storage.keyHolders.list(), [second, last]);
  });
}
