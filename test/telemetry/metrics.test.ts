import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { ENDING_KINDS, WARNINGS } from '../../server/core/endings.ts';
import { createMeasures } from '../../server/core/measures.ts';
import { DAY } from '../../server/core/time.ts';
import { countEndings } from '../../server/registry/endings.ts';
import { openStorage } from '../../server/storage/open.ts';
import { verdict } from '../storage/samples.ts';
import { START, startTestServer, type TestServer } from '../token/server.ts';
import { grown, operations, scrape, WATCHED } from './watched.ts';

const SCOPE = 'prove:bygg.read';
const server = await startTestServer(t, { config: { operations: WATCHED } });
const token = async (name: string, changes: Parameters<TestServer['assertion']>[1] = {}) =>
  server.ask(await server.assertion(name, { scope: SCOPE, ...changes }));

t.test('tokens are counted by proof and by in whose name they are, refusals by code, and both are timed', async (t) => {
  const before = await scrape(server);
  for (let n = 0; n < 3; n++) t.equal((await token('demo-consumer')).status, 200);
  t.equal((await token('demo-certificate')).status, 200);
  const delegated = await token('demo-supplier', { claims: { consumer_org: '310555037' } });
  t.equal(delegated.status, 200, delegated.text);
  const once = await server.assertion('demo-consumer', { scope: SCOPE });
  for (const status of [200, 400]) t.equal((await server.ask(once)).status, status);
  t.equal((await token('demo-expired-key')).status, 400);
  t.equal((await token('demo-consumer', { scope: 'prove:ukjent.read' })).status, 400);
  const more = grown(before, await scrape(server));
  t.equal(more('portvakt_tokens_issued_total{proof="kid",acting="self"}'), 4);
  t.equal(more('portvakt_tokens_issued_total{proof="x5c",acting="self"}'), 1);
  t.equal(more('portvakt_tokens_issued_total{proof="kid",acting="supplier"}'), 1);
  t.equal(more('portvakt_refusals_total{code="MP-012"}'), 1, 'the replay');
  t.equal(more('portvakt_refusals_total{code="MP-121"}'), 1, 'the key that has ended');
  t.equal(more('portvakt_refusals_unproven_total'), 2, 'neither has a record of its own');
  t.equal(more('portvakt_token_request_seconds_count{outcome="issued"}'), 6);
  t.equal(more('portvakt_token_request_seconds_count{outcome="refused"}'), 3);
  t.ok(more('portvakt_token_request_seconds_sum{outcome="issued"}') > 0);
  t.equal(more('portvakt_token_request_seconds_bucket{outcome="issued",le="+Inf"}'), 6);
  t.equal(more('portvakt_log_lines_total{level="info"}'), 3);
});

t.test('a commit is counted with what it holds, and a look-up by whether a copy served', async (t) => {
  await token('demo-consumer');
  const before = await scrape(server);
  await token('demo-consumer');
  const more = grown(before, await scrape(server));
  t.equal(more('portvakt_commit_entries_bucket{le="1"}'), 1);
  t.equal(more('portvakt_commit_entries_sum'), 1);
  t.equal(more('portvakt_commit_seconds_count'), 1);
  t.ok(more('portvakt_commit_seconds_sum') > 0);
  t.equal(more('portvakt_cache_total{register="clients",result="hit"}'), 1);
  t.equal(more('portvakt_cache_total{register="clients",result="miss"}'), 0);
  await server.storage.transaction(async () => {});
  await token('demo-consumer');
  t.equal(grown(before, await scrape(server))('portvakt_cache_total{register="clients",result="miss"}'), 1);
});

t.test('PV-SEC-105 a thousand clients, scopes and other names of a stranger’s make no series', async (t) => {
  const before = await scrape(server);
  const { key } = server.client('demo-consumer');
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, n) => {
      const foreign = n % 3 > 0;
      const name = `canary-${n}`;
      const assertion = foreign
        ? `${Buffer.from(JSON.stringify({ alg: name, kid: name })).toString('base64url')}.e30.${name}`
        : await makeAssertion({
            clientId: name,
            audience: name,
            scope: `${name}:x`,
            key,
            kid: name,
            now: START,
            header: { [name]: 1 },
          });
      if (n % 3 === 1) return server.get(`/${name}?${name}=1`, { method: 'PUT', headers: { 'X-Canary': name } });
      return server.ask(assertion);
    }),
  );
  const after = await scrape(server);
  t.same([...after.keys()], [...before.keys()]);
  t.notMatch([...after.keys()].join('\n'), /canary/);
  const refused = [...after].filter(([series]) => series.startsWith('portvakt_refusals_total'));
  t.equal(
    refused.reduce((sum, [series, value]) => sum + value - (before.get(series) ?? 0), 0),
    1_000,
    'and all are counted',
  );
});

t.test('PV-SEC-070 who watches is answered apart from clients, and nobody else there', async (t) => {
  const page = await operations(server, '/metrics');
  t.equal(page.status, 200);
  t.equal(page.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(page.headers.get('cache-control'), 'no-store');
  const text = await page.text();
  for (const { orgno } of await server.storage.organizations.list()) t.notMatch(text, new RegExp(orgno));
  for (const { clientId } of await server.storage.clients.list()) t.notMatch(text, new RegExp(clientId));
  t.equal((await server.get('/metrics')).status, 404, 'clients cannot ask');
  for (const path of ['/health/live', '/health/ready']) {
    t.equal((await operations(server, path)).status, 200, path);
    t.equal((await server.get(path)).status, 200, path);
    const head = await operations(server, path, { method: 'HEAD' });
    t.equal(`${head.status} ${await head.text()}`, '200 ');
  }
  for (const path of ['/token', '/jwk', '/', '/metrics/', '/api/v1/clients', '//metrics']) {
    const { status, headers } = await operations(server, path);
    t.match({ status, type: headers.get('content-type') }, { status: 404, type: 'application/json' }, path);
  }
  const wrong = await operations(server, '/metrics', { method: 'POST', body: 'x' });
  t.match({ status: wrong.status, allow: wrong.headers.get('allow') }, { status: 405, allow: 'GET, HEAD' });
  const crowd = await Promise.all(Array.from({ length: 50 }, () => operations(server, '/metrics')));
  t.ok(crowd.every(({ status }) => status === 200));
  await Promise.all(crowd.map((each) => each.text()));
});

t.test('PV-SEC-118 what the store cannot do is counted, a lock only when it was waited for in vain', async (t) => {
  const measures = createMeasures().store;
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file, { busyTimeout: 20, measures });
  t.teardown(() => storage.close());
  const other = new Database(file);
  t.teardown(() => other.close());
  other.exec('BEGIN EXCLUSIVE');
  await t.rejects(storage.assertions.spend({ clientId: 'a', jti: '1' }, 1, verdict));
  t.equal(measures.failures, 1);
  other.exec('ROLLBACK');
  t.equal(await storage.assertions.spend({ clientId: 'a', jti: '1' }, 1, verdict), true);
  t.equal(measures.failures, 1);
});

t.test('without the address nobody is answered, and dev has none', async (t) => {
  const quiet = await startTestServer(t);
  t.equal(quiet.operationsPort, undefined);
});

t.test('what ends soon is counted when the house is kept, and not when a scraper asks', async (t) => {
  const series = (kind: string, days: number): string => `portvakt_ending{kind="${kind}",within="${days}"}`;
  await server.elapse();
  const before = await scrape(server);
  for (const kind of ENDING_KINDS) for (const days of WARNINGS) t.ok(before.has(series(kind, days)), series(kind, days));
  server.clock.time = START + 340 * DAY;
  t.equal((await scrape(server)).get(series('key', 30)), before.get(series('key', 30)));
  await server.elapse();
  const after = await scrape(server);
  const certificates = { readAuthority: () => ({ notAfter: 0, subject: '' }) } as never;
  const counts = await countEndings(
    { storage: { ...server.storage, trust: { list: async () => [] } as never }, certificates },
    server.clock.time,
  );
  for (const { kind, withinDays, count } of counts.filter(({ kind }) => kind !== 'anchor' && kind !== 'intermediate'))
    t.equal(after.get(series(kind, withinDays)), count, series(kind, withinDays));
  t.ok(
    counts.some(({ kind, count }) => kind === 'key' && count > 0),
    'some keys end',
  );
  t.equal(after.get('portvakt_signing_key_age_seconds'), 340 * DAY);
});
