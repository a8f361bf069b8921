import cluster from 'node:cluster';
import { once } from 'node:events';
import t from 'tap';
import { operations, scrape, WATCHED } from '../telemetry/watched.ts';
import { exited, start, WORKERS } from './place.ts';

t.test('PV-SEC-070 metrics are summed over the workers, and what those had counted that are gone stays', async (t) => {
  const { config, running, form, ask } = await start(t, { operations: WATCHED });
  const issued = async (): Promise<number> =>
    (await scrape(running)).get('portvakt_tokens_issued_total{proof="kid",acting="self"}') ?? Number.NaN;
  for (let n = 0; n < 12; n++) t.equal(await ask(await form()), 'token');
  const before = await scrape(running);
  t.equal(await issued(), 12);
  t.equal(before.get('portvakt_workers'), WORKERS);
  t.equal(before.get('portvakt_worker_restarts_total'), 0);
  const [victim] = Object.values(cluster.workers ?? {});
  const replaced = once(cluster, 'fork');
  victim?.process.kill('SIGKILL');
  const [replacement] = await replaced;
  await once(replacement, 'listening');
  while ((await scrape(running)).get('portvakt_worker_restarts_total') !== 1);
  t.equal(await issued(), 12, 'of one that was killed, what it had told');
  for (let n = 0; n < 3; n++) t.equal(await ask(await form()), 'token');
  const gone = Object.values(cluster.workers ?? {}).map((worker) => worker && exited(worker));
  const port = running.operationsPort;
  await running.reload(config);
  await Promise.all(gone);
  t.equal(await issued(), 15, 'of one that was replaced, all');
  t.equal(running.operationsPort, port, 'nobody had to look elsewhere');
  t.same(new Set((await scrape(running)).keys()), new Set(before.keys()), 'nor did a series come or go');
});

t.test('PV-SEC-125 several workers are ready when all of them are; one that is held up is not', async (t) => {
  const { running, config } = await start(t, { operations: WATCHED });
  const ready = async (): Promise<string> => {
    const response = await operations(running, '/health/ready');
    const { error_uri: uri } = (await response.json()) as { error_uri?: string };
    return uri?.split('/').at(-1) ?? `${response.status}`;
  };
  t.equal(await ready(), '200');
  const [victim] = Object.values(cluster.workers ?? {});
  victim?.process.kill('SIGSTOP');
  t.equal(await ready(), 'PV-505');
  t.equal((await operations(running, '/health/live')).status, 200, 'it lives');
  t.equal((await scrape(running)).get('portvakt_workers'), WORKERS, 'and the others are told of');
  victim?.process.kill('SIGCONT');
  const moved = { ...config, operations: { ...config.operations, listen: { host: '127.0.0.1', port: 0 }, logTokens: true } };
  await running.reload(moved);
  t.equal(await ready(), '200');
  await t.rejects(
    running.reload({ ...moved, operations: { ...moved.operations, listen: { host: '127.0.0.1', port: running.port } } }),
    {
      code: 'EADDRINUSE',
    },
  );
  t.equal(await ready(), '200', 'an address that is taken leaves everything as it was');
});
