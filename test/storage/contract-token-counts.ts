import type { TokenCount } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import { putAll } from './samples.ts';

/** The counters of tokens. */
export function tokenCounts(withStore: WithStore): void {
  withStore('tokens are added to what was counted, and the last of them stays the last', async (t, { storage, openAgain }) => {
    const other = await openAgain();
    await storage.tokenCounts.add([count('a', 'p:1', 2, 100), count('a', 'p:2', 1, 100)]);
    await other.tokenCounts.add([count('a', 'p:1', 3, 90), count('b', 'p:1', 1, 110)]);
    await storage.tokenCounts.add([]);
    for (const { tokenCounts } of [storage, other]) {
      t.strictSame(await tokenCounts.listOfClient('a'), [count('a', 'p:1', 5, 100), count('a', 'p:2', 1, 100)]);
      t.strictSame(await tokenCounts.listOfScope('p:1'), [count('a', 'p:1', 5, 100), count('b', 'p:1', 1, 110)]);
    }
    t.strictSame(await storage.tokenCounts.listOfClient('A'), []);
    t.strictSame(await storage.tokenCounts.listOfScope('p:'), []);
  });

  withStore('tokens are counted by whom they are for', async (t, { storage }) => {
    const own = count('a', 'p:1', 2, 100);
    const customers = { ...count('a', 'p:1', 5, 90), consumerOrgno: '310555053' };
    await storage.tokenCounts.add([customers, own]);
    await storage.tokenCounts.add([{ ...customers, tokens: 1 }]);
    const counted = [own, { ...customers, tokens: 6 }];
    t.strictSame(await storage.tokenCounts.listOfClient('a'), counted);
    t.strictSame(await storage.tokenCounts.listOfScope('p:1'), counted);
  });

  withStore('tokens are summed up by scope for the owner of the scopes', async (t, { storage }) => {
    await storage.transaction(putAll);
    const [scope, other] = await storage.scopes.list();
    if (!scope) throw new Error('the sample has no scope');
    await storage.tokenCounts.add([count('a', scope.name, 2, 100), count('b', scope.name, 3, 90), count('a', 'p:unknown', 1, 1)]);
    t.strictSame(await storage.tokenCounts.sumOfScopes(scope.ownerOrgno), [{ scope: scope.name, tokens: 5, lastToken: 100 }]);
    t.strictSame(await storage.tokenCounts.sumOfScopes(`${other?.ownerOrgno}0`), []);
  });

  withStore('counting waits for the transactions that were asked for before it', async (t, { storage }) => {
    const registering = storage.transaction(putAll);
    const counting = storage.tokenCounts.add([count('a', 'p:1', 1, 1)]);
    await Promise.all([registering, counting]);
    t.equal((await storage.tokenCounts.listOfScope('p:1')).length, 1);
  });
}

function count(clientId: string, scope: string, tokens: number, lastToken: number): TokenCount {
  return { clientId, consumerOrgno: '310555037', scope, tokens, lastToken };
}
