import t from 'tap';
import { enterpriseSubject, issue, makeKeyPair } from '../../fixtures/test-ca.ts';
import { DAY, YEAR } from '../../server/core/time.ts';
import { START } from '../token/server.ts';
import { adminOf, refusedByApi, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.read', 'idporten:dcr.write']);
const pairs = await Promise.all([makeKeyPair(), makeKeyPair()]);
const [first = {}, second = {}] = pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' }));

/** A key as clients send it. */
const key = (kid: string, changes: object = {}): Record<string, unknown> => ({
  ...{ ...first, kid, use: 'sig', alg: 'RS256' },
  ...changes,
});

/** Registers a client, and answers with the path of its keys. */
async function register(keys: readonly object[] = []): Promise<string> {
  const { body } = await consumer.post('/clients', { client_name: 'a', description: 'a' });
  const path = `/clients/${body.client_id}/jwks`;
  if (keys.length > 0) await consumer.post(path, { keys });
  return path;
}

const names = (body: Record<string, unknown>) => (body.keys as { kid: string }[]).map(({ kid }) => kid);
const ends = (body: Record<string, unknown>) => (body.keys as { exp: number }[]).map(({ exp }) => exp);

t.test('contract §5.3 a client without keys has a key set without keys, and 200', async (t) => {
  const path = await register();
  t.equal((await consumer.get(path)).text, '{"keys":[]}');
});

t.test(
  'contract §5.3 POST and PUT replace the whole set, and answer with each key, its end and the times of the set',
  async (t) => {
    const path = await register();
    for (const send of [consumer.post, consumer.put]) {
      const { body, status } = await send(path, { keys: [key('a'), key('b', { ...second, alg: 'RS512' })] });
      t.equal(status, 200);
      const times = { created: '2026-01-01T00:00:00.000Z', last_updated: '2026-01-01T00:00:00.000Z' };
      const common = { kty: 'RSA', use: 'sig', e: 'AQAB', exp: START + YEAR, ...times };
      t.same(body, {
        keys: [
          { ...common, kid: 'a', alg: 'RS256', n: (first as { n: string }).n },
          { ...common, kid: 'b', alg: 'RS512', n: (second as { n: string }).n },
        ],
        ...times,
      });
      t.same((await consumer.get(path)).body, body);
      t.same((await send(path, { keys: [key('c')] })).body.keys, [
        { ...common, kid: 'c', alg: 'RS256', n: (first as { n: string }).n },
      ]);
    }
  },
);

t.test('contract §5.2.3 a client shows its keys and where they are', async (t) => {
  const path = await register([key('a')]);
  const { body } = await consumer.get(path.slice(0, -'/jwks'.length));
  t.equal(body.jwks_uri, path);
  t.same((body.jwks as { keys: object[] }).keys, (await consumer.get(path)).body.keys);
});

const lives: readonly [title: string, exp: number | null | undefined, stored: number][] = [
  ['without an end gets a year', undefined, START + YEAR],
  ['whose end is null gets a year', null, START + YEAR],
  ['with a nearer end keeps it', START + DAY, START + DAY],
  ['that shall live a year keeps its end', START + YEAR, START + YEAR],
  ['that shall live longer than a year is cut to one', START + YEAR + 1, START + YEAR],
  ['with an end in milliseconds is cut to a year', (START + DAY) * 1000, START + YEAR],
  ['that has ended already is stored as it is', START - DAY, START - DAY],
  ['that ended in 1970 is stored as it is', 0, 0],
];
for (const [title, exp, stored] of lives) {
  t.test(`PV-SEC-014 and contract §5.3 a key ${title}`, async (t) => {
    const path = await register([key('a', { exp })]);
    t.same(ends((await consumer.get(path)).body), [stored]);
    await consumer.put(`${path}/b`, key('b', { exp }));
    t.same(ends((await consumer.get(path)).body), [stored, stored], 'on its own, too');
  });
}

t.test(
  'contract §5.3 posting a key again renews it, and it keeps its day of creation; another of its name does not',
  async (t) => {
    const path = await register([key('a')]);
    const created = '2026-01-01T00:00:00.000Z';
    server.clock.time = START + 30;
    const renewed = await consumer.post(path, { keys: [key('a')] });
    t.match(renewed.body.keys, [{ exp: START + 30 + YEAR, created, last_updated: '2026-01-01T00:00:30.000Z' }]);
    const replaced = await consumer.post(path, { keys: [key('a', second)] });
    t.match(replaced.body.keys, [{ created: '2026-01-01T00:00:30.000Z' }]);
    server.clock.time = START;
  },
);

t.test('contract §5.3 one key is added, read, replaced and removed by its kid', async (t) => {
  const path = await register([key('a')]);
  t.match((await consumer.put(`${path}/b`, key('b', second))).body, { kid: 'b', exp: START + YEAR });
  t.same(names((await consumer.get(path)).body), ['a', 'b']);
  t.match((await consumer.get(`${path}/b`)).body, { kid: 'b', n: (second as { n: string }).n });
  t.match((await consumer.put(`${path}/a`, key('a', second))).body, { n: (second as { n: string }).n });
  t.same(names((await consumer.get(path)).body), ['b', 'a']);
  const removed = await consumer.delete(`${path}/a`);
  t.equal(removed.status, 200);
  t.equal(removed.text, '');
  t.same(names((await consumer.get(path)).body), ['b']);
  for (const answer of [await consumer.get(`${path}/a`), await consumer.delete(`${path}/a`)]) refusedByApi(t, answer, 'PV-604');
});

t.test('contract §5.3 the last key goes with the whole set, not by its kid', async (t) => {
  const path = await register([key('a')]);
  const answer = await consumer.delete(`${path}/a`);
  t.equal(answer.status, 400);
  refusedByApi(t, answer, 'PV-601', 'kid');
  t.same(names((await consumer.get(path)).body), ['a']);
  t.equal((await consumer.delete(path)).text, '');
  t.same((await consumer.get(path)).body, { keys: [] });
  t.equal((await consumer.delete(path)).status, 200, 'a second time changes nothing');
});

t.test('contract §1.6 five keys are enough, by set or one by one', async (t) => {
  const five = ['a', 'b', 'c', 'd', 'e'].map((kid) => key(kid));
  const path = await register();
  refusedByApi(t, await consumer.post(path, { keys: [...five, key('f')] }), 'PV-601', 'keys');
  t.same(names((await consumer.post(path, { keys: five })).body), ['a', 'b', 'c', 'd', 'e']);
  refusedByApi(t, await consumer.put(`${path}/f`, key('f')), 'PV-601', 'keys');
  t.equal((await consumer.put(`${path}/e`, key('e', second))).status, 200, 'one of the five may be replaced');
});

t.test('the kid in the body is that in the address', async (t) => {
  const path = await register([key('a')]);
  refusedByApi(t, await consumer.put(`${path}/a`, key('b')), 'PV-601', 'kid');
  t.same(names((await consumer.get(path)).body), ['a']);
});

t.test('contract §5.3 a key set sent back as it was answered is taken, times and all, and with it a new key', async (t) => {
  const path = await register([key('a', { exp: START + DAY })]);
  const { body } = await consumer.get(path);
  const { body: now, status } = await consumer.post(path, { ...body, keys: [...(body.keys as object[]), key('b')] });
  t.equal(status, 200);
  t.same(ends(now), [START + DAY, START + YEAR]);
});

t.test('contract §5.3 a key is bound to its certificate, and to no other', async (t) => {
  const subject = enterpriseSubject({ orgno: '310555037', name: 'Eksempel Bygg AS' });
  const [pair] = pairs;
  if (!pair) throw new Error('there are two');
  const validity = { notBefore: START - DAY, notAfter: START + DAY };
  const { der } = issue(server.ca.issuing, { subject, publicKey: pair.publicKey, ...validity });
  const x5c = [der.toString('base64')];
  const path = await register();
  t.same((await consumer.post(path, { keys: [key('a', { x5c })] })).body.keys, [
    { ...key('a', { x5c }), exp: START + YEAR, created: '2026-01-01T00:00:00.000Z', last_updated: '2026-01-01T00:00:00.000Z' },
  ]);
  refusedByApi(t, await consumer.post(path, { keys: [key('a', { ...second, x5c })] }), 'PV-601', 'keys.0.x5c');
  t.equal((await consumer.post(path, { keys: [key('a', { x5c: null, key_ops: null })] })).status, 200, 'null is none');
});

t.test('PV-SEC-087 a set and a key carry tags; an old one is refused, and of many with one tag one is let through', async (t) => {
  const path = await register([key('a'), key('b')]);
  const tag = async (of: string) => ({ 'If-Match': (await consumer.get(of)).headers.get('etag') ?? '' });
  const stale = { set: await tag(path), one: await tag(`${path}/a`) };
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, place) => consumer.post(path, { keys: [key(`k${place}`), key('a', second)] }, stale.set)),
  );
  t.equal(answers.filter(({ status }) => status === 200).length, 1);
  t.equal(answers.filter(({ status }) => status === 412).length, 9);
  refusedByApi(t, await consumer.delete(path, stale.set), 'PV-612');
  refusedByApi(t, await consumer.put(`${path}/a`, key('a'), stale.one), 'PV-612');
  refusedByApi(t, await consumer.delete(`${path}/a`, stale.one), 'PV-612');
  refusedByApi(t, await consumer.put(`${path}/new`, key('new'), stale.one), 'PV-612');
  t.equal((await consumer.put(`${path}/a`, key('a'), await tag(`${path}/a`))).status, 200);
  t.equal((await consumer.delete(path, await tag(path))).status, 200);
});

t.test('PV-SEC-109 a change of keys is recorded with their names, thumbprints and ends, before and after', async (t) => {
  const path = await register([key('a')]);
  await consumer.put(`${path}/b`, key('b', second));
  const [record] = await server.storage.audit.list(1);
  t.match(record, { type: 'client.changed', clientId: adminOf('consumer'), orgno: '310555037' });
  const kept = record?.details as { before: { keys: object[] }; after: { keys: object[] } };
  t.match(kept.before.keys, [{ kid: 'a', exp: START + YEAR, thumbprint: /^[\w-]{43}$/ }]);
  t.match(kept.after.keys, [{ kid: 'a' }, { kid: 'b' }]);
  t.notOk(JSON.stringify(record).includes((first as { n: string }).n), 'no key stands in it');
});

t.test('contract §5.1.2 idporten:dcr.modify changes keys, idporten:dcr.read and .supplier only read them', async (t) => {
  const path = await register([key('a')]);
  const modifier = await api.as('consumer', ['idporten:dcr.modify']);
  t.equal((await modifier.put(`${path}/b`, key('b'))).status, 200);
  for (const scope of ['idporten:dcr.read', 'idporten:dcr.supplier'] as const) {
    const reader = await api.as('consumer', [scope]);
    t.equal((await reader.get(path)).status, 200);
    const answer = await reader.post(path, { keys: [key('a')] });
    t.equal(answer.status, 403);
    refusedByApi(t, answer, 'PV-641');
  }
});

t.test('T30 another organisation’s keys answer as missing ones, to changes too', async (t) => {
  const path = await register([key('a')]);
  const owner = await api.as('owner', ['idporten:dcr.read', 'idporten:dcr.write']);
  const answers = [
    await owner.get(path),
    await owner.get(`${path}/a`),
    await owner.post(path, { keys: [key('b')] }),
    await owner.put(path, { keys: [key('b')] }),
    await owner.put(`${path}/b`, key('b')),
    await owner.delete(path),
    await owner.delete(`${path}/a`),
  ];
  for (const answer of answers) refusedByApi(t, answer, 'PV-604');
  t.same(names((await consumer.get(path)).body), ['a']);
});
