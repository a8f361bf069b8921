import t from 'tap';
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
