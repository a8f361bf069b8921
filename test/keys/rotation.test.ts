import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { tidy } from '../../keys/key-care.ts';
import type { KeyAct, KeyPlace } from '../../keys/key-change.ts';
import { openKeystore } from '../../keys/keystore.ts';
import {
  activateSigningKey,
  generateSigningKey,
  publishSigningKey,
  RotationRefused,
  retireSigningKey,
  rotate,
} from '../../keys/rotation.ts';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { PENDING_AT_LEAST, RETIRED_AT_LEAST } from '../../server/core/signing-key.ts';
import { DAY, HOUR } from '../../server/core/time.ts';
import { openStorage } from '../../server/storage/open.ts';
import { NOW, startedPlace } from './key-place.ts';

const HOST: KeyAct = { actor: 'host' };
const EMERGENCY: KeyAct = { actor: 'host', emergency: 'stolen' };
const algorithms = ['RS256'] as const;

const states = async ({ storage }: Pick<KeyPlace, 'storage'>) => (await storage.signingKeys.list()).map(({ state }) => state);
const published = async (keystore: Awaited<ReturnType<typeof openKeystore>>) =>
  (await keystore.jwks()).keys.map(({ kid }) => kid).sort();
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

t.test('PV-SEC-098 pending for a day and twice max-age, retired for a day, the longest life and the skew', async (t) => {
  t.equal(PENDING_AT_LEAST, DAY);
  t.equal(RETIRED_AT_LEAST, DAY + HOUR + 10);
});

t.test('PV-SEC-098 a key goes from state to state at its times, and a keystore that runs follows', async (t) => {
  const { place, clock, kid: first, data } = await startedPlace(t);
  const keystore = await openKeystore(place);
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'generated' }, HOST);
  t.same(await published(keystore), [first], 'nobody is shown it');
  await t.rejects(activateSigningKey(place, kid, HOST), { name: 'RotationRefused', message: /has not been published/ });
  clock.time = NOW + 100;
  await publishSigningKey(place, kid, HOST);
  await t.rejects(publishSigningKey(place, kid, HOST), { message: /is pending, and has been published/ });
  t.same(await published(keystore), [first, kid].sort());
  t.equal(kidOf(await keystore.signer.sign({}, 'RS256')), first);
  clock.time = NOW + 100 + PENDING_AT_LEAST - 1;
  await t.rejects(activateSigningKey(place, kid, HOST), { message: /may sign from 2026-01-02T00:01:40Z on/ });
  clock.time++;
  await activateSigningKey(place, kid, HOST);
  await keystore.current();
  t.equal(kidOf(await keystore.signer.sign({}, 'RS256')), kid);
  t.same(await published(keystore), [first, kid].sort());
  t.match(
    readFileSync(join(data, 'keys', `${first}.sealed`), 'utf8'),
    /"state": "retired"/,
    'sealed so that it never signs again',
  );
  for (const again of [first, kid]) await t.rejects(activateSigningKey(place, again, HOST), { message: /no state comes twice/ });
  await t.rejects(activateSigningKey(place, first, EMERGENCY), RotationRefused);
  clock.time += RETIRED_AT_LEAST - 1;
  t.same(await rotate(place, { algorithms }), []);
  clock.time++;
  t.same(await rotate(place, { algorithms }), [{ does: 'remove', kid: first }]);
  t.same(await published(keystore), [kid]);
  t.same(readdirSync(join(data, 'keys')), [`${kid}.sealed`]);
  const types = (await place.storage.audit.list(10)).map(({ type }) => type).reverse();
  t.same(
    types,
    ['created', 'generated', 'published', 'retired', 'activated', 'removed'].map((name) => `signing_key.${name}`),
  );
});

t.test('PV-SEC-098 a change that names no key, or would leave nothing that signs, is refused', async (t) => {
  const { place, kid } = await startedPlace(t);
  for (const act of [publishSigningKey, activateSigningKey])
    await t.rejects(act(place, 'nobody', HOST), { name: 'RotationRefused', message: /there is no signing key nobody/ });
  await t.rejects(retireSigningKey(place, { kid, algorithms }, HOST), { message: /is the one that signs RS256/ });
  const { kid: pending } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  await t.rejects(retireSigningKey(place, { kid: pending, algorithms }, HOST), { message: /is pending: it goes by itself/ });
  t.same((await states(place)).sort(), ['active', 'pending']);
});

t.test('a key whose algorithm is set no more may be retired, and one that nobody has seen goes at once', async (t) => {
  const { place } = await startedPlace(t);
  await openKeystore({ ...place, algorithms: ['RS256', 'ES256'] });
  const unused = String((await place.storage.signingKeys.list()).find(({ alg }) => alg === 'ES256')?.kid);
  t.equal((await retireSigningKey(place, { kid: unused, algorithms }, HOST)).state, 'retired');
  const { kid } = await generateSigningKey(place, { alg: 'EdDSA', state: 'generated' }, HOST);
  t.equal((await retireSigningKey(place, { kid, algorithms }, HOST)).state, 'removed');
  t.notOk(place.folder.names().includes(kid));
});

t.test('PV-SEC-098 in an emergency another signs at once, the stolen key is gone, and the audit says why', async (t) => {
  const { place, kid: stolen } = await startedPlace(t);
  const keystore = await openKeystore(place);
  t.equal((await retireSigningKey(place, { kid: stolen, algorithms }, EMERGENCY)).state, 'removed');
  await keystore.current();
  const [next, ...others] = await published(keystore);
  t.same(others, []);
  t.not(next, stolen);
  t.equal(kidOf(await keystore.signer.sign({}, 'RS256')), next);
  t.notOk(place.folder.names().includes(stolen));
  const [last] = await place.storage.audit.list(1);
  t.match(last, { type: 'signing_key.removed', details: { kid: stolen, actor: 'host', emergency: true, reason: 'stolen' } });
  await t.rejects(retireSigningKey(place, { kid: stolen, algorithms }, EMERGENCY), { message: /is removed/ });
  const { kid: waiting } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  await retireSigningKey(place, { kid: String(next), algorithms }, EMERGENCY);
  t.same(await published(keystore), [waiting], 'the pending one signs before a new one is made');
});

t.test('PV-SEC-098 in an emergency a waiting key that cannot be opened is passed over, and one is made', async (t) => {
  const { at, masterFile, place, kid: stolen } = await startedPlace(t);
  const waiting = [];
  for (const state of ['pending', 'generated'] as const)
    waiting.push((await generateSigningKey(place, { alg: 'RS256', state }, HOST)).kid);
  const withAnother = at({ master: masterFile('another.key') });
  t.equal((await retireSigningKey(withAnother, { kid: stolen, algorithms }, EMERGENCY)).state, 'removed');
  const active = (await place.storage.signingKeys.list()).filter(({ state }) => state === 'active').map(({ kid }) => kid);
  t.equal(active.length, 1);
  t.notOk([stolen, ...waiting].includes(String(active[0])));
  t.equal(kidOf(await (await openKeystore(withAnother)).signer.sign({}, 'RS256')), active[0]);
  for (const kid of waiting) await retireSigningKey(withAnother, { kid, algorithms }, EMERGENCY);
  t.same(withAnother.folder.names(), active);
});

t.test(
  'PV-SEC-098 a key that begins to sign while it is taken away is taken away at the next try, with another in its place',
  async (t) => {
    const { place, clock } = await startedPlace(t);
    const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
    clock.time += PENDING_AT_LEAST;
    const overtaken: KeyPlace['storage'] = {
      ...place.storage,
      transaction: async (work) => {
        await activateSigningKey(place, kid, { actor: 'schedule' });
        return place.storage.transaction(work);
      },
    };
    await t.rejects(retireSigningKey({ ...place, storage: overtaken }, { kid, algorithms }, EMERGENCY), {
      name: 'RotationRefused',
      message: /has begun to sign/,
    });
    t.same((await states(place)).sort(), ['active', 'retired']);
    await retireSigningKey(place, { kid, algorithms }, EMERGENCY);
    t.same((await states(place)).sort(), ['active', 'removed', 'retired']);
  },
);

t.test(
  'a rotation by schedule publishes a day ahead, activates on time, and does each step once in many processes',
  async (t) => {
    const { place, clock, data, kid: first } = await startedPlace(t);
    const other = await openStorage(join(data, 'portvakt.db'));
    t.teardown(() => other.close());
    const everywhere = [place, { ...place, storage: other }, place, { ...place, storage: other }];
    const tick = async () =>
      (await Promise.all(everywhere.map((each) => rotate(each, { algorithms, rotateEvery: 30 * DAY })))).flat();
    clock.time = NOW + 29 * DAY - 1;
    t.same(await tick(), []);
    clock.time++;
    t.same(await tick(), [{ does: 'publish', alg: 'RS256' }]);
    t.same(await tick(), []);
    clock.time = NOW + 30 * DAY - 1;
    t.same(await tick(), []);
    clock.time++;
    const second = (await place.storage.signingKeys.list()).at(-1)?.kid;
    t.same(await tick(), [{ does: 'activate', kid: second }]);
    clock.time += RETIRED_AT_LEAST;
    t.same(await tick(), [{ does: 'remove', kid: first }]);
    t.same(await states(place), ['removed', 'active']);
    const count = (await place.storage.audit.list(20)).filter(({ type }) => type === 'signing_key.generated').length;
    t.equal(count, 1);
  },
);

t.test('a server that stood still beyond a rotation publishes first, and waits all the same', async (t) => {
  const { place, clock } = await startedPlace(t);
  clock.time = NOW + 400 * DAY;
  const plan = { algorithms, rotateEvery: 30 * DAY };
  t.match(await rotate(place, plan), [{ does: 'publish' }]);
  clock.time += PENDING_AT_LEAST - 1;
  t.same(await rotate(place, plan), []);
  clock.time++;
  t.match(await rotate(place, plan), [{ does: 'activate' }]);
});

/** A place whose store dies as its next transaction is about to be committed. */
function dying(place: KeyPlace): KeyPlace {
  const died = new StoreUnavailable('power cut');
  const storage = {
    ...place.storage,
    transaction: <T>(work: Parameters<KeyPlace['storage']['transaction']>[0]) =>
      place.storage.transaction<T>((changes) => work(changes).then(() => Promise.reject(died))),
  };
  return { ...place, storage: storage as KeyPlace['storage'] };
}

t.test(
  'a crash between file and record of a change leaves a server that starts, and a change that can be made again',
  async (t) => {
    const { place, clock, kid: first } = await startedPlace(t);
    await t.rejects(generateSigningKey(dying(place), { alg: 'RS256', state: 'pending' }, HOST), StoreUnavailable);
    const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'generated' }, HOST);
    await t.rejects(publishSigningKey(dying(place), kid, HOST), StoreUnavailable);
    await openKeystore(place);
    await publishSigningKey(place, kid, HOST);
    clock.time += PENDING_AT_LEAST;
    await t.rejects(activateSigningKey(dying(place), kid, HOST), StoreUnavailable);
    t.equal(kidOf(await (await openKeystore(place)).signer.sign({}, 'RS256')), first);
    await activateSigningKey(place, kid, HOST);
    t.equal(kidOf(await (await openKeystore(place)).signer.sign({}, 'RS256')), kid);
  },
);

t.test('what a crash left undone at the files is done by the next look', async (t) => {
  const { place, clock, kid: first, data } = await startedPlace(t);
  const file = join(data, 'keys', `${first}.sealed`);
  const active = readFileSync(file, 'utf8');
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  clock.time += PENDING_AT_LEAST;
  await activateSigningKey(place, kid, HOST);
  writeFileSync(file, active);
  await tidy(place);
  t.match(readFileSync(file, 'utf8'), /"state": "retired"/);
  clock.time += RETIRED_AT_LEAST;
  await rotate(place, { algorithms });
  writeFileSync(file, active, { mode: 0o600 });
  await tidy(place);
  t.same(readdirSync(join(data, 'keys')), [`${kid}.sealed`]);
});

t.test('a retired key whose file is gone or broken stops nothing', async (t) => {
  const { place, clock, kid: first, data } = await startedPlace(t);
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  clock.time += PENDING_AT_LEAST;
  const file = join(data, 'keys', `${first}.sealed`);
  await activateSigningKey(place, kid, HOST);
  writeFileSync(file, 'x');
  await tidy(place);
  t.same(await published(await openKeystore(place)), [first, kid].sort());
  rmSync(file);
  await tidy(place);
  t.same(await published(await openKeystore(place)), [first, kid].sort());
});

t.test('PV-SEC-099 a process that cannot open the key that signs now signs with no other, until it can', async (t) => {
  const { place, clock, data } = await startedPlace(t);
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const keystore = await openKeystore({ ...place, log: { info: note, warn: note, error: note } });
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  const file = join(data, 'keys', `${kid}.sealed`);
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, 'x');
  await keystore.current();
  t.same(lines, ['a signing key that is published cannot be loaded']);
  writeFileSync(file, whole);
  clock.time += PENDING_AT_LEAST;
  await activateSigningKey(place, kid, HOST);
  const active = readFileSync(file, 'utf8');
  writeFileSync(file, 'x');
  for (const look of [keystore.current, keystore.follow]) await t.rejects(look(), { code: 'PV-506' });
  t.ok((await published(keystore)).includes(kid), 'what is published does not hang on it');
  writeFileSync(file, active);
  await keystore.current();
  t.equal(kidOf(await keystore.signer.sign({}, 'RS256')), kid);
});

t.test('keys of a lost database: the one that signed is adopted, and neither the next nor the last', async (t) => {
  const { place, clock, data } = await startedPlace(t);
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  clock.time += PENDING_AT_LEAST;
  await activateSigningKey(place, kid, HOST);
  await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  const storage = await openStorage(join(data, 'fresh.db'));
  t.teardown(() => storage.close());
  t.same(await published(await openKeystore({ ...place, storage })), [kid]);
});
