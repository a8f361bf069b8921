import t from 'tap';
import { LoopWatch } from '../../server/loop-watch.ts';
import { startTestServer } from '../token/server.ts';
import { operations, scrape, WATCHED } from './watched.ts';

/** Keeps the event loop from turning. */
function hold(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

t.test(
  'PV-SEC-125 an event loop that is held up for more than half a second turns readiness off, at both addresses',
  async (t) => {
    const server = await startTestServer(t, { config: { operations: WATCHED }, loop: new LoopWatch() });
    t.equal((await operations(server, '/health/ready')).status, 200);
    hold(750);
    const refused = await operations(server, '/health/ready');
    t.equal(refused.status, 503);
    t.equal(refused.headers.get('retry-after'), '10');
    t.match(await refused.json(), { error: 'temporarily_unavailable', error_uri: `${server.issuer}errors/PV-505` });
    t.match(await server.get('/health/ready'), { status: 503, body: { error_uri: `${server.issuer}errors/PV-505` } });
    t.equal((await operations(server, '/health/live')).status, 200, 'it lives');
    t.ok(((await scrape(server)).get('portvakt_event_loop_lag_seconds') ?? 0) > 0.5);
  },
);

t.test(
  'PV-SEC-125 a delay of less than half a second does not matter, and five seconds after a longer one it is ready again',
  async (t) => {
    const time = { now: 100 };
    const loop = new LoopWatch(() => time.now);
    const server = await startTestServer(t, { config: { operations: WATCHED }, loop });
    const ready = async (): Promise<number> => (await operations(server, '/health/ready')).status;
    const pass = (seconds: number): void => {
      time.now += seconds;
      loop.look();
    };
    for (let n = 0; n < 20; n++) pass(0.55);
    t.equal(await ready(), 200, '450 ms late');
    time.now += 0.7;
    t.equal(await ready(), 503, 'the timer has not rung yet');
    loop.look();
    t.equal(await ready(), 503);
    for (let n = 0; n < 48; n++) pass(0.1);
    t.equal(await ready(), 503);
    for (let n = 0; n < 3; n++) pass(0.1);
    t.equal(await ready(), 200);
    t.equal((await scrape(server)).get('portvakt_event_loop_lag_seconds')?.toFixed(3), '0.000');
  },
);

t.test('PV-SEC-125 a store that cannot be used makes it unready, and leaves it alive', async (t) => {
  const server = await startTestServer(t, { config: { operations: WATCHED } });
  const ready = server.storage.ready;
  t.ok(ready);
  await server.storage.close();
  const refused = await operations(server, '/health/ready');
  t.equal(refused.status, 503);
  t.match(await refused.json(), { error_uri: `${server.issuer}errors/PV-502` });
  t.equal((await operations(server, '/health/live')).status, 200);
  t.equal((await operations(server, '/metrics')).status, 200);
});
