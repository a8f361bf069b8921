import { StoreUnavailable } from '../../server/core/ports.ts';
import { startChild } from './child-process.ts';
import type { WithStore } from './contract.ts';
import { bareRecord, client, owner, putAll, verdict } from './samples.ts';

/** Opening, closing, and dying. */
export function lifecycle(withStore: WithStore): void {
  withStore('an open store is ready, whoever asks at the same time', async (_t, { storage }) => {
    await storage.ready();
    await Promise.all([storage.ready(), storage.ready(), storage.transaction(putAll), storage.ready()]);
  });

  withStore('a closed store refuses everything as unavailable, and may be closed again', async (t, { storage }) => {
    await storage.close();
    await storage.close();
    const questions: (() => Promise<unknown>)[] = [
      () => storage.ready(),
      () => storage.ready(),
      () => storage.organizations.find(owner.orgno),
      () => storage.clients.find(client.clientId),
      () => storage.clients.list(),
      () => storage.audit.list(1),
      () => storage.accesses.list({ consumerOrgno: owner.orgno }),
      () => storage.tokenCounts.add([{ clientId: 'a', consumerOrgno: owner.orgno, scope: 'p:1', tokens: 1, lastToken: 1 }]),
      () => storage.tokenCounts.listOfClient('a'),
      () => storage.transaction(putAll),
      () => storage.assertions.spend({ clientId: 'a', jti: '1' }, 1, verdict),
      () => storage.assertions.isSpent({ clientId: 'a', jti: '1' }),
      () => storage.assertions.prune(1, 1),
    ];
    for (const ask of questions) await t.rejects(ask(), StoreUnavailable, ask.toString());
  });

  withStore('closing waits for the transactions that were asked for before it', async (t, { storage, openAgain }) => {
    const registering = storage.transaction(putAll);
    await storage.close();
    await registering;
    t.strictSame(await (await openAgain()).organizations.find(owner.orgno), owner);
  });

  withStore('a store opened again has everything', async (t, { storage, openAgain }) => {
    await storage.transaction(putAll);
    await storage.assertions.spend({ clientId: 'a', jti: '1' }, 1, verdict);
    await storage.close();
    const again = await openAgain();
    t.strictSame(await again.clients.find(client.clientId), client);
    t.equal(await again.assertions.spend({ clientId: 'a', jti: '1' }, 1, verdict), false);
    t.strictSame(await again.audit.list(10), [verdict, bareRecord]);
  });

  withStore('PV-SEC-116 what was acknowledged before kill -9 is there afterwards', async (t, { location, openAgain }) => {
    const child = await startChild(t, 'until-killed', location);
    const acknowledged: string[] = [];
    while (acknowledged.length < 100) acknowledged.push(await child.line());
    await child.kill();
    acknowledged.push(...(await child.rest()));
    const storage = await openAgain();
    for (const jti of acknowledged) {
      t.equal(await storage.assertions.spend({ clientId: 'a', jti }, 1, verdict), false, `${jti} is spent`);
      t.ok(await storage.organizations.find(jti), `${jti} is registered`);
    }
    const records = await storage.audit.list(10_000);
    t.ok(records.length >= 2 * acknowledged.length, 'each with its audit record');
    await storage.ready();
  });

  withStore('several processes may make a store of an empty place at once', async (t, { storage, bare }) => {
    await storage.close();
    const location = await bare();
    const children = await Promise.all([0, 1, 2].map(() => startChild(t, 'open-together', location)));
    for (const child of children) child.say('go');
    t.same(await Promise.all(children.map((child) => child.line())), ['ready', 'ready', 'ready']);
  });
}
