import t from 'tap';
import { type ForgottenSpan, forgetting, isForgotten } from '../../server/core/replay-floor.ts';
import { START, startTestServer, type TestServer } from './server.ts';

const kart = { scope: 'prove:kart.read' };

const code = ({ status, body }: { status: number; body: Record<string, unknown> }): string =>
  status === 200 ? '200' : (String(body.error_uri).split('/').pop() ?? '');

/** What housekeeping does when the clock has said so for as long as spent assertions are remembered. */
async function prune({ storage, clock }: TestServer): Promise<number> {
  return storage.assertions.prune(clock.time, 1000);
}

t.test('PV-134 PV-SEC-036 what was issued before a restore is refused, what is issued afterwards is not', async (t) => {
  const server = await startTestServer(t);
  const [before, replay] = await Promise.all([server.assertion('demo-consumer', kart), server.assertion('demo-consumer', kart)]);
  t.equal(code(await server.ask(replay)), '200');
  await server.storage.transaction(({ replayFloor }) => replayFloor.raise(START + 1));
  t.equal(code(await server.ask(before)), 'PV-134');
  t.equal(code(await server.ask(before)), 'PV-134', 'it is not spent by that');
  t.equal(code(await server.ask(replay)), 'MP-012', 'a replay is told as one');
  server.clock.time = START + 1;
  t.equal(code(await server.ask(await server.assertion('demo-consumer', kart))), '200');
});

t.test('PV-SEC-031 a clock that is set back by more than used assertions are remembered lets none be used again', async (t) => {
  const server = await startTestServer(t);
  const used = await server.assertion('demo-consumer', kart);
  t.equal(code(await server.ask(used)), '200');
  server.clock.time = START + 3600;
  t.equal(await prune(server), 1, 'an hour later it is forgotten');
  const [{ at } = { at: 0 }] = await server.storage.audit.list(1);
  server.clock.time = START;
  t.equal(code(await server.ask(used)), 'PV-134');
  t.match(await server.storage.audit.list(1), [{ at }], 'and nothing was issued');
  server.clock.time = START + 1;
  t.equal(code(await server.ask(await server.assertion('demo-consumer', kart))), '200', 'a new one can be used at once');
});

t.test('PV-SEC-031 nor does it in another process, or after a restart', async (t) => {
  const server = await startTestServer(t);
  const used = await server.assertion('demo-consumer', kart);
  t.equal(code(await server.ask(used)), '200');
  server.clock.time = START + 3600;
  await prune(server);
  await server.close();
  const { port } = server;
  const again = await startTestServer(t, { dataDir: server.dataDir, config: { port } });
  t.equal(code(await again.ask(used)), 'PV-134');
});

t.test(
  'PV-SEC-031 a clock that ran a day ahead and was set back serves at once, and forgets nothing of what it took',
  async (t) => {
    const server = await startTestServer(t);
    server.clock.time = START + 86_400;
    const ahead = await server.assertion('demo-consumer', kart);
    t.equal(code(await server.ask(ahead)), '200', 'a client whose clock is as wrong');
    server.clock.time += 3_600;
    t.equal(await prune(server), 1);
    server.clock.time = START + 4_000;
    t.equal(code(await server.ask(await server.assertion('demo-consumer', kart))), '200');
    server.clock.time = START + 86_400;
    t.equal(code(await server.ask(ahead)), 'PV-134', 'when its time comes');
  },
);

t.test('PV-SEC-035 spans of what was forgotten are few, and those that lie apart stay apart', async (t) => {
  let spans: readonly ForgottenSpan[] = [];
  const ahead = 1_000_000;
  spans = forgetting(spans, [ahead, ahead + 60]);
  for (let night = 0; night < 500; night++) spans = forgetting(spans, [night * 1_000, night * 1_000 + 100]);
  t.ok(spans.length <= 32, `${spans.length} spans`);
  t.strictSame(spans.at(-1), { since: ahead, until: ahead + 60 });
  t.notOk(isForgotten(spans, ahead - 1));
  t.notOk(isForgotten(spans, ahead + 61));
  for (let night = 0; night < 500; night++) t.ok(isForgotten(spans, night * 1_000 + 100), `night ${night}`);
  t.strictSame(forgetting([{ since: 10, until: 20 }], [15, 140]), [{ since: 10, until: 140 }], 'two minutes apart are one');
  t.strictSame(forgetting([{ since: 10, until: 20 }], [141]).length, 2);
});
