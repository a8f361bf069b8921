import t from 'tap';
import { CountedRefusals } from '../../server/audit/unproven.ts';
import { startTestServer } from './server.ts';

const scope = 'prove:bygg.read';

t.test('PV-SEC-106 refusals before the signature holds, and replays, are counted and sampled in one record', async (t) => {
  const server = await startTestServer(t);
  const before = (await server.storage.audit.list(100)).length;
  const good = await server.assertion('demo-consumer', { claims: { scope } });
  const forged = `${good.slice(0, good.lastIndexOf('.'))}.${'A'.repeat(342)}`;
  for (let n = 0; n < 50; n++) await server.ask(forged);
  for (let n = 0; n < 10; n++) await server.post('grant_type=nonsense');
  await server.ask(good);
  for (let n = 0; n < 4; n++) await server.ask(good);
  t.equal((await server.storage.audit.list(100)).length, before + 1, 'the token alone has a record of its own');
  const { storage } = server;
  const append = storage.audit.append;
  const kept: unknown[] = [];
  storage.audit.append = async (record) => {
    kept.push(record);
    return append(record);
  };
  await server.close();
  t.match(kept, [{ type: 'token.refused_unproven', at: server.clock.time }]);
  const [{ details }] = kept as [{ details: { refusals: object; samples: Record<string, string[]> } }];
  t.strictSame(details.refusals, { 'MP-124': 50, 'PV-010': 10, 'MP-012': 4 });
  t.match(details.samples['MP-124'], [/^[0-9a-f]{32}$/, /^[0-9a-f]{32}$/, /^[0-9a-f]{32}$/]);
  t.equal(details.samples['MP-124']?.length, 3);
});

t.test('what the store does not take of the counts is logged, and nothing is thrown', async (t) => {
  const lines: string[] = [];
  const keep = (message: string): void => void lines.push(message);
  const counted = new CountedRefusals(
    { append: () => Promise.reject(new Error('full')) },
    { info: keep, warn: keep, error: keep },
  );
  await counted.keep();
  t.same(lines, [], 'nothing was counted');
  counted.count('MP-124', '0'.repeat(32), 1);
  await counted.close();
  t.same(lines, ['counts of refusals were lost']);
});
