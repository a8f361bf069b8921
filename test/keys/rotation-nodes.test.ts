import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { KeyPlace } from '../../keys/key-change.ts';
import { KeyFolder } from '../../keys/key-folder.ts';
import { openKeystore } from '../../keys/keystore.ts';
import { makeMasterKeyFile, openMasterKey } from '../../keys/master-key.ts';
import { activateSigningKey, generateSigningKey, rotate, whatIsNext } from '../../keys/rotation.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { type Log, StoreUnavailable } from '../../server/core/ports.ts';
import { PENDING_AT_LEAST } from '../../server/core/signing-key.ts';
import { DAY, MINUTE } from '../../server/core/time.ts';
import { KeyHolding } from '../../server/key-holding.ts';
import { watchKeys } from '../../server/key-watch.ts';
import { openStorage } from '../../server/storage/open.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { NOW } from './key-place.ts';

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };

const plan = { algorithms: ['RS256'], rotateEvery: 90 * DAY } as const;

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);

  /** Two nodes on one database, each with a folder of its own that has the key that signs, as the page on many nodes has them. */
  const nodes = async (t: Test) => {
    const [root, location, clock] = [t.testdir(), await places.location(), { time: NOW, now: () => clock.time }];
    const master = { kind: 'file', file: join(root, 'master.key'), mayBeMade: false } as const;
    makeMasterKeyFile(master.file);
    const node = async (name: string): Promise<KeyPlace & { readonly files: () => string[] }> => {
      const opened = await openStorage(location);
      t.teardown(() => opened.close());
      // A database whose clock is turned with those of its nodes.
      const storage = { ...opened, ready: () => opened.ready().then(clock.now) };
      const directory = join(root, name, 'keys');
      mkdirSync(join(root, name), { recursive: true, mode: 0o700 });
      const folder = new KeyFolder(directory, 'token-signing', openMasterKey({ master }));
      return { storage, clock, folder, files: () => readdirSync(directory) };
    };
    const first = await node('first');
    await openKeystore(first);
    const second = await node('second');
    for (const file of first.files()) copyFileSync(join(root, 'first', 'keys', file), join(root, 'second', 'keys', file));
    return { first, second, clock };
  };

  /** The kid of the key that waits. */
  const pendingKid = async ({ storage }: KeyPlace): Promise<string> =>
    (await storage.signingKeys.list()).find(({ state }) => state === 'pending')?.kid ?? '';

  const bring = (kid: string, from: KeyPlace, to: KeyPlace): void => copyFileSync(from.folder.path(kid), to.folder.path(kid));

  /** A process of a node, as a server has it. */
  const serves = async (place: KeyPlace, dataDir: string, log: Log = SILENT): Promise<KeyHolding> =>
    KeyHolding.begin({ keystore: await openKeystore({ ...place, log }), dataDir, process: dataDir, log });

  t.test('PV-SEC-098 two nodes that rotate at once publish one key, and one of them has it', async (t) => {
    const { first, second, clock } = await nodes(t);
    clock.time = NOW + 90 * DAY;
    const done = await Promise.all([first, second, first, second].map((node) => rotate(node, plan)));
    t.same(done.flat(), [{ does: 'publish', alg: 'RS256' }]);
    t.equal((await first.storage.signingKeys.list()).length, 2);
    t.equal(first.files().length + second.files().length, 3, 'the others have thrown theirs away');
  });

  t.test('PV-SEC-098 two nodes that let a key sign at once do it once', async (t) => {
    const { first, second, clock } = await nodes(t);
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const kid = await pendingKid(first);
    bring(kid, first, second);
    clock.time += PENDING_AT_LEAST;
    const done = await Promise.all([first, second, first, second].map((node) => rotate(node, plan)));
    t.same(done.flat(), [{ does: 'activate', kid }]);
    t.equal((await first.storage.audit.list(20)).filter(({ type }) => type === 'signing_key.activated').length, 1);
  });

  t.test('PV-SEC-099 a node that lacks the key that signs signs nothing, and does once it is brought there', async (t) => {
    const { first, second, clock } = await nodes(t);
    const keystore = await openKeystore(second);
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const kid = await pendingKid(first);
    clock.time += PENDING_AT_LEAST;
    await t.rejects(rotate(second, plan), { name: 'KeyUnusable' }, 'who has not the key does not let it sign');
    t.same(await rotate(first, plan), [{ does: 'activate', kid }]);
    await t.rejects(keystore.follow(), { code: 'PV-506' });
    bring(kid, first, second);
    await keystore.follow();
    t.equal(JSON.parse(atob((await keystore.signer.sign({}, 'RS256')).split('.')[0] ?? '')).kid, kid);
  });

  t.test('PV-SEC-099 a key that was brought to a node while it was pending signs there, also after a restart', async (t) => {
    const { first, second, clock } = await nodes(t);
    const keystore = await openKeystore(second);
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const kid = await pendingKid(first);
    await keystore.follow();
    bring(kid, first, second);
    clock.time += PENDING_AT_LEAST;
    await t.rejects(
      openKeystore(second)
        .then(() => rotate(first, plan))
        .then(() => openKeystore(second)),
      {
        message: /is sealed as pending, and the database says active: .*copy it anew/,
      },
    );
    await keystore.follow();
    for (const keys of [keystore, await openKeystore(first), await openKeystore(second)])
      t.equal(JSON.parse(atob((await keys.signer.sign({}, 'RS256')).split('.')[0] ?? '')).kid, kid);
  });

  t.test('PV-SEC-099 no key signs before every process that serves could sign with it, unless in an emergency', async (t) => {
    const { first, second, clock } = await nodes(t);
    const [, held] = [await serves(first, '/first'), await serves(second, '/second')];
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const kid = await pendingKid(first);
    clock.time += PENDING_AT_LEAST;
    await held.tell();
    const refusal = {
      name: 'RotationRefused',
      message: `${kid} has not been loaded at ${hostname()}:/second, which could sign nothing`,
    };
    await t.rejects(rotate(first, plan), refusal);
    await t.rejects(activateSigningKey(first, kid, { actor: 'host' }), {
      ...refusal,
      fix: /copy its file to keys\/ there.*--emergency/,
    });
    const next = async () => {
      const [, key] = await first.storage.signingKeys.list();
      return key && whatIsNext(key, await first.storage.keyHolders.list(), clock.time);
    };
    t.equal(await next(), `copy it to ${hostname()}:/second`);
    bring(kid, first, second);
    await t.rejects(rotate(first, plan), refusal, 'it has not been loaded yet');
    await held.tell();
    t.equal(await next(), `portvakt signing-key activate ${kid}`);
    t.same(await rotate(first, plan), [{ does: 'activate', kid }]);
    const urgent = await generateSigningKey(first, { alg: 'RS256', state: 'pending' }, { actor: 'host' });
    await held.tell();
    await activateSigningKey(first, urgent.kid, { actor: 'host', emergency: 'the one that signs was stolen' });
    clock.time++;
    await held.tell();
    const signing = (await first.storage.signingKeys.list()).find(({ state }) => state === 'active');
    t.equal(signing?.kid, urgent.kid);
    t.equal(
      signing && whatIsNext(signing, await first.storage.keyHolders.list(), clock.time),
      `copy it to ${hostname()}:/second`,
    );
  });

  t.test('PV-SEC-099 a process that begins to serve while a key is let sign is waited for, too', async (t) => {
    const { first, second, clock } = await nodes(t);
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    clock.time += PENDING_AT_LEAST;
    const { storage } = first;
    const transaction: typeof storage.transaction = async (work) => {
      await serves(second, '/second');
      return storage.transaction(work);
    };
    await t.rejects(rotate({ ...first, storage: { ...storage, transaction } }, plan), {
      message: /not been loaded at .*:\/second/,
    });
    t.same(
      (await storage.signingKeys.list()).map(({ state }) => state),
      ['active', 'pending'],
    );
  });

  t.test('PV-SEC-099 a node that lacks the key that signs holds those that wait all the same', async (t) => {
    const { first, second, clock } = await nodes(t);
    const held = await serves(second, '/second');
    const lacking = await generateSigningKey(first, { alg: 'RS256', state: 'pending' }, { actor: 'host' });
    await activateSigningKey(first, lacking.kid, { actor: 'host', emergency: 'a drill' });
    const { kid } = await generateSigningKey(first, { alg: 'RS256', state: 'pending' }, { actor: 'host' });
    bring(kid, first, second);
    clock.time += PENDING_AT_LEAST;
    await held.tell();
    t.match(await first.storage.keyHolders.list(), [{ kids: [/./, kid] }]);
    await activateSigningKey(first, kid, { actor: 'host' });
  });

  t.test('PV-SEC-099 a process that has ended, or has said nothing for three minutes, holds up no key', async (t) => {
    const { first, second, clock } = await nodes(t);
    const held = { ended: await serves(second, '/ended'), killed: await serves(second, '/killed') };
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const kid = await pendingKid(first);
    clock.time += PENDING_AT_LEAST;
    for (const each of Object.values(held)) await each.tell();
    await t.rejects(rotate(first, plan), { message: /has not been loaded at [^ ]*:\/ended, [^ ]*:\/killed,/ });
    await held.ended.end();
    clock.time += 3 * MINUTE;
    await t.rejects(rotate(first, plan), { message: /has not been loaded at [^ ]*:\/killed,/ });
    clock.time++;
    t.same(await rotate(first, plan), [{ does: 'activate', kid }]);
  });

  t.test('PV-SEC-099 after a database that was gone every process has a minute to speak before a key signs', async (t) => {
    const { first, second, clock } = await nodes(t);
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    clock.time += PENDING_AT_LEAST;
    let isGone = false;
    const watched = async (place: KeyPlace, dataDir: string) => {
      const ready = async () => (isGone ? Promise.reject(new StoreUnavailable('it is gone')) : place.storage.ready());
      const reached = { ...place, storage: { ...place.storage, ready } };
      const looks: (() => unknown)[] = [];
      const every = (_: number, look: () => unknown) => {
        looks.push(look);
        return () => {};
      };
      const holding = await serves(reached, dataDir);
      watchKeys(reached, {
        ...{ algorithms: plan.algorithms, settings: plan, holding, watch: { steady: () => true }, every, log: SILENT },
      });
      return async () => {
        for (const look of looks) await look();
      };
    };
    const [look, lookAtSecond] = [await watched(first, '/first'), await watched(second, '/second')];
    const signing = async () => (await first.storage.signingKeys.list()).map(({ state }) => state);
    isGone = true;
    for (let minute = 0; minute < 4; minute++) {
      clock.time += MINUTE;
      for (const each of [look, lookAtSecond]) await each();
    }
    isGone = false;
    await look();
    t.same(await signing(), ['active', 'pending'], 'the second has not had time to say that it lacks it');
    await lookAtSecond();
    clock.time += MINUTE;
    await look();
    t.same(await signing(), ['active', 'pending'], 'it has said so');
    bring(await pendingKid(first), first, second);
    await lookAtSecond();
    await look();
    t.same(await signing(), ['retired', 'active']);
  });

  t.test('a key that is held up holds up no other step, and is told of', async (t) => {
    const { first, second, clock } = await nodes(t);
    const both = { ...plan, algorithms: ['RS256', 'ES256'] } as const;
    await openKeystore({ ...first, algorithms: both.algorithms });
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    clock.time += PENDING_AT_LEAST;
    for (const { kid, state } of await first.storage.signingKeys.list()) if (state === 'active') bring(kid, first, second);
    await serves(second, '/second');
    const told: unknown[] = [];
    t.same(await rotate(first, both, (error) => void told.push(error)), [{ does: 'publish', alg: 'ES256' }]);
    t.match(told, [{ name: 'RotationRefused' }]);
  });

  t.test('PV-SEC-099 a key that could not be loaded is told of once, and loaded when it is there', async (t) => {
    const { first, second, clock } = await nodes(t);
    const lines: string[] = [];
    const held = await serves(second, '/second', { ...SILENT, error: (message) => void lines.push(message) });
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const kid = await pendingKid(first);
    for (let time = 0; time < 3; time++) await held.tell();
    t.same(lines, ['a signing key that is published cannot be loaded']);
    bring(kid, first, second);
    await held.tell();
    t.match(await first.storage.keyHolders.list(), [{ node: `${hostname()}:/second`, kids: [/./, kid] }]);
    t.equal(lines.length, 1);
  });

  t.test('PV-SEC-098 a node whose clock is not the database’s neither rotates nor says what it holds', async (t) => {
    const { first, clock } = await nodes(t);
    const ahead = { ...first, storage: { ...first.storage, ready: async () => clock.time - 90 * DAY } };
    clock.time = NOW + 90 * DAY;
    const holding = await serves(ahead, '/ahead');
    const looks: (() => unknown)[] = [];
    const watching = { algorithms: plan.algorithms, settings: plan, holding, watch: { steady: () => true }, log: SILENT };
    const every = (_: number, look: () => unknown) => {
      looks.push(look);
      return () => {};
    };
    const end = watchKeys(ahead, { ...watching, every });
    for (const look of looks) await look();
    t.equal((await first.storage.signingKeys.list()).length, 1);
    t.same(await first.storage.keyHolders.list(), []);
    await end();
  });
}
