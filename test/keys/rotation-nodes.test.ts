import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { KeyPlace } from '../../keys/key-change.ts';
import { KeyFolder } from '../../keys/key-folder.ts';
import { openKeystore } from '../../keys/keystore.ts';
import { makeMasterKeyFile, openMasterKey } from '../../keys/master-key.ts';
import { rotate } from '../../keys/rotation.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { PENDING_AT_LEAST } from '../../server/core/signing-key.ts';
import { DAY } from '../../server/core/time.ts';
import { openStorage } from '../../server/storage/open.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { NOW } from './key-place.ts';

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
      const storage = await openStorage(location);
      t.teardown(() => storage.close());
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
    const [pending] = (await first.storage.signingKeys.list()).filter(({ state }) => state === 'pending');
    const kid = pending?.kid ?? '';
    copyFileSync(first.folder.path(kid), second.folder.path(kid));
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
    const [pending] = (await first.storage.signingKeys.list()).filter(({ state }) => state === 'pending');
    const kid = pending?.kid ?? '';
    clock.time += PENDING_AT_LEAST;
    await t.rejects(rotate(second, plan), { name: 'KeyUnusable' }, 'who has not the key does not let it sign');
    t.same(await rotate(first, plan), [{ does: 'activate', kid }]);
    await t.rejects(keystore.follow(), { code: 'PV-506' });
    copyFileSync(first.folder.path(kid), second.folder.path(kid));
    await keystore.follow();
    t.equal(JSON.parse(atob((await keystore.signer.sign({}, 'RS256')).split('.')[0] ?? '')).kid, kid);
  });

  t.test('PV-SEC-099 a key that was brought to a node while it was pending signs there, also after a restart', async (t) => {
    const { first, second, clock } = await nodes(t);
    const keystore = await openKeystore(second);
    clock.time = NOW + 90 * DAY;
    await rotate(first, plan);
    const [pending] = (await first.storage.signingKeys.list()).filter(({ state }) => state === 'pending');
    const kid = pending?.kid ?? '';
    await keystore.follow();
    copyFileSync(first.folder.path(kid), second.folder.path(kid));
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
}
