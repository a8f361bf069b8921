import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { applyOpenLoop, scheduled } from '../../bench/load/open-loop.ts';

const TOKEN = JSON.stringify({ access_token: 'a.b.c' });

async function listen(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

function requests(count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => Buffer.from(`GET /${n} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
}

t.test('requests are scheduled evenly, from the start on', async (t) => {
  t.same(
    [0, 1, 2, 100].map((place) => scheduled(place, 500)),
    [0, 2, 4, 200],
  );
});

t.test('no request is sent before its time, and each once', async (t) => {
  const arrivals = new Map<string, number>();
  const port = await listen(t, (request, response) => {
    arrivals.set(request.url ?? '', performance.now());
    response.end(TOKEN);
  });
  const began = performance.now();
  const load = await applyOpenLoop(requests(40), { port, rate: 400 });
  t.equal(load.errors, 0);
  t.equal(arrivals.size, 40);
  for (let n = 0; n < 40; n++) t.ok((arrivals.get(`/${n}`) ?? 0) - began >= scheduled(n, 400), `/${n}`);
  t.ok(load.latencies.every((latency) => latency > 0));
});

t.test(
  'requests arrive although those before them have no answer, and what waited for a connection counts as waiting',
  async (t) => {
    const waiting: (() => void)[] = [];
    const port = await listen(t, (_, response) => {
      waiting.push(() => response.end(TOKEN));
      if (waiting.length === 4) for (const answer of waiting) answer();
      if (waiting.length > 4) response.end(TOKEN);
    });
    const load = await applyOpenLoop(requests(6), { port, rate: 100, connections: 4 });
    t.equal(load.errors, 0);
    const [first = 0, second = 0] = load.latencies;
    t.ok(first >= scheduled(3, 100) - 1, 'the first waited for the fourth to arrive');
    t.ok(first > second, 'who came earlier waited longer');
  },
);
