import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import t, { type Test } from 'tap';
import { KeyFolder } from '../../keys/key-folder.ts';
import { type Keystore, type KeystorePlace, KeyUnusable, openKeystore } from '../../keys/keystore.ts';
import { openMasterKey } from '../../keys/master-key.ts';
import { publicJwk, thumbprint } from '../../keys/thumbprint.ts';
import { type Storage, StoreUnavailable } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';

const NOW = 1_767_225_600;
const clock = { now: () => NOW + 0.75 };
const posix = process.platform === 'win32' ? { skip: 'Windows has no modes' } : {};

type Place = Pick<KeystorePlace, 'algorithms' | 'sealsPlain' | 'storage' | 'clock'> & { readonly directory: string };

/** Opens the keys as a server would that has no master key named: the key beside the data is made. */
async function open({ directory, ...place }: Place): Promise<Keystore> {
  const master = { kind: 'file', file: `${directory}.master-key`, mayBeMade: true } as const;
  return openKeystore({ ...place, folder: new KeyFolder(directory, 'token-signing', openMasterKey({ master })) });
}

/** An empty data directory with its store. */
async function emptyPlace(t: Test): Promise<Place> {
  const data = t.testdir();
  const storage = await openStorage(join(data, 'portvakt.db'));
  t.teardown(() => storage.close());
  return { directory: join(data, 'keys'), storage, clock };
}

/** An empty database beside the keys of another. */
async function forgetful(t: Test, { directory }: Place): Promise<Storage> {
  const storage = await openStorage(join(directory, '..', 'fresh.db'));
  t.teardown(() => storage.close());
  return storage;
}

/** A data directory in which the server has been started. */
async function usedPlace(t: Test): Promise<Place & { readonly kid: string; readonly file: string }> {
  const place = await emptyPlace(t);
  await open(place);
  const [record] = await place.storage.signingKeys.list();
  const kid = record?.kid ?? '';
  return { ...place, kid, file: join(place.directory, `${kid}.sealed`) };
}

/** Refused with a message that names the file, and nothing made in its stead. */
async function refuses(t: Test, place: Place, message: RegExp): Promise<void> {
  const before = { files: readdirSync(place.directory), records: await place.storage.signingKeys.list() };
  const error = await open(place).catch((error: unknown) => error);
  t.ok(error instanceof KeyUnusable, String(error));
  t.match(error, { message });
  t.ok(String(error).includes(place.directory), 'names the place');
  t.same({ files: readdirSync(place.directory), records: await place.storage.signingKeys.list() }, before, 'as it was');
}

function pem(type: 'rsa' | 'rsa-pss' | 'ec', bits = 2048): string {
  const { privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync(type as 'rsa', { modulusLength: bits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

t.test('PV-SEC-097 at the first start one RSA-2048 key is made, named by its thumbprint (RFC 7638)', async (t) => {
  const { storage, directory, kid } = await usedPlace(t);
  t.same(readdirSync(directory), [`${kid}.sealed`]);
  const [record] = await storage.signingKeys.list();
  const { kty, n, e } = (record?.jwk ?? {}) as { kty: string; n: string; e: string };
  t.equal(Buffer.from(n, 'base64url').length * 8, 2048);
  t.equal(e, 'AQAB');
  t.equal(kid, await calculateJwkThumbprint({ kty: 'RSA', n, e }));
  t.equal(kid.length, 43);
  t.strictSame(await storage.signingKeys.list(), [
    { kid, alg: 'RS256', jwk: { kty, n, e }, created: NOW, state: 'active', published: NOW, activated: NOW },
  ]);
});

t.test('PV-SEC-095 its file is 0600 in a folder of 0700', posix, async (t) => {
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const { directory, file } = await usedPlace(t);
  t.equal((statSync(directory).mode & 0o777).toString(8), '700');
  t.equal((statSync(file).mode & 0o777).toString(8), '600');
});

t.test('PV-SEC-109 making it is kept in the audit, without the private key', async (t) => {
  const { storage, kid } = await usedPlace(t);
  const records = await storage.audit.list(10);
  t.match(records, [{ type: 'signing_key.created', at: NOW, correlationId: /^[0-9a-f]{32}$/ }]);
  t.strictSame(records[0]?.details, { kid, alg: 'RS256', adopted: false });
});

t.test('the published keys have exactly the public members of the contract (§4.2), in its order', async (t) => {
  const place = await usedPlace(t);
  const [record] = await place.storage.signingKeys.list();
  const { keys } = await (await open(place)).jwks();
  t.equal(keys.length, 1);
  t.same(Object.keys(keys[0] ?? {}), ['kty', 'e', 'use', 'kid', 'n', 'alg']);
  t.strictSame(keys[0], { kty: 'RSA', e: 'AQAB', use: 'sig', kid: place.kid, n: record?.jwk.n, alg: 'RS256' });
});

t.test('what it signs is verified with what it publishes', async (t) => {
  const keystore = await open(await emptyPlace(t));
  const keys = createLocalJWKSet((await keystore.jwks()) as JSONWebKeySet);
  const { payload } = await jwtVerify(await keystore.signer.sign({ scope: 'prove:bygg.read' }, 'RS256'), keys);
  t.same(payload, { scope: 'prove:bygg.read' });
});

t.test('a later start uses the same key and writes nothing', async (t) => {
  const place = await usedPlace(t);
  const before = statSync(place.file).mtimeMs;
  const again = await open({ ...place, clock: { now: () => NOW + 86_400 } });
  t.equal((await again.jwks()).keys[0]?.kid, place.kid);
  t.equal(statSync(place.file).mtimeMs, before);
  t.equal((await place.storage.audit.list(10)).length, 1);
});

t.test('starts that race agree on one key', async (t) => {
  const place = await emptyPlace(t);
  const other = await openStorage(join(place.directory, '..', 'portvakt.db'));
  t.teardown(() => other.close());
  const keystores = await Promise.all([place, { ...place, storage: other }, place].map(open));
  const sets = await Promise.all(keystores.map((keystore) => keystore.jwks()));
  t.equal(new Set(sets.map(({ keys }) => keys[0]?.kid)).size, 1);
  t.equal(readdirSync(place.directory).length, 1);
  t.equal((await place.storage.audit.list(10)).length, 1);
});

t.test('a missing key file stops the start, and no new key takes its place', async (t) => {
  const place = await usedPlace(t);
  rmSync(place.file);
  await refuses(t, place, /the file of a signing key is missing: restore it from a backup/);
  rmSync(place.directory, { recursive: true });
  mkdirSync(place.directory, { mode: 0o700 });
  await refuses(t, place, /the file of a signing key is missing/);
});

t.test('PV-SEC-095 a key file or folder that others can read or write stops the start', posix, async (t) => {
  const place = await usedPlace(t);
  for (const mode of [0o640, 0o620, 0o604, 0o602, 0o644]) {
    chmodSync(place.file, mode);
    await refuses(t, place, /\.sealed is open to other users: chmod 600 it/);
  }
  chmodSync(place.file, 0o600);
  chmodSync(place.directory, 0o750);
  await refuses(t, place, /keys is open to other users: chmod 700 it/);
  chmodSync(place.directory, 0o700);
  await open(place);
});

t.test('PV-SEC-095 a link in place of the key file or its folder stops the start', posix, async (t) => {
  const place = await usedPlace(t);
  const elsewhere = `${place.file}.elsewhere`;
  renameSync(place.file, elsewhere);
  symlinkSync(elsewhere, place.file);
  await refuses(t, place, /a link stands in place of the signing key/);
  const moved = `${place.directory}-moved`;
  renameSync(place.directory, moved);
  symlinkSync(moved, place.directory);
  await refuses(t, place, /is not a folder/);
});

t.test(
  'PV-SEC-095 a pipe or a folder in place of the key file stops the start, and nobody waits for the pipe',
  posix,
  async (t) => {
    const place = await usedPlace(t);
    rmSync(place.file);
    t.equal(spawnSync('mkfifo', ['-m', '600', place.file]).status, 0);
    await refuses(t, place, /is not a plain file: put the signing key itself there/);
    rmSync(place.file);
    mkdirSync(place.file, { mode: 0o700 });
    await refuses(t, place, /is not a plain file/);
  },
);

t.test(
  "PV-SEC-095 another user's key file stops the start",
  { ...posix, ...(process.geteuid?.() !== 0 && { skip: 'needs root' }) },
  async (t) => {
    const place = await usedPlace(t);
    chownSync(place.file, 65534, 65534);
    await refuses(t, place, /belongs to another user: chown it/);
  },
);

t.test('a key that is not the registered one, or no such key, stops the start', async (t) => {
  const place = await usedPlace(t);
  const whole = readFileSync(place.file, 'utf8');
  const plain = place.file.replace('.sealed', '.pem');
  rmSync(place.file);
  const replace = (text: string) => writeFileSync(plain, text, { mode: 0o600 });
  replace(pem('rsa'));
  await refuses(t, place, /holds another key than its name says/);
  for (const text of [pem('rsa', 1024), pem('ec'), pem('rsa-pss')]) {
    replace(text);
    await refuses(t, place, /is no RSA key of at least 2048 bits/);
  }
  const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  for (const text of ['', pem('rsa').slice(0, 800), createPrivateKey(pem('rsa')).export(cipher).toString()]) {
    replace(text);
    await refuses(t, place, /is no unencrypted private key in PEM/);
  }
  writeFileSync(place.file, whole, { mode: 0o600 });
  await open(place);
});

t.test('a record with another public key than its kid stops the start', async (t) => {
  const place = await usedPlace(t);
  const [record] = await place.storage.signingKeys.list();
  if (!record) throw new Error('no record');
  await place.storage.transaction((changes) => changes.signingKeys.put({ ...record, jwk: { ...record.jwk, e: 'AQAC' } }));
  await t.rejects(open(place), {
    name: 'KeyUnusable',
    message: new RegExp(`${place.kid} is registered with another public key`),
  });
});

/** A store that dies as its transaction is about to be committed. */
function dyingStorage(storage: Storage): Storage {
  const died = new StoreUnavailable('power cut');
  return {
    ...storage,
    transaction: (work) => storage.transaction((changes) => work(changes).then(() => Promise.reject(died))),
  };
}

t.test('a key file whose record was lost in a crash is adopted at the next start', async (t) => {
  const place = await emptyPlace(t);
  await t.rejects(open({ ...place, storage: dyingStorage(place.storage) }), StoreUnavailable);
  t.same(await place.storage.signingKeys.list(), []);
  const [file] = readdirSync(place.directory);
  t.equal(`${(await (await open(place)).jwks()).keys[0]?.kid}.sealed`, file);
  t.same(readdirSync(place.directory), [file]);
  t.equal((await place.storage.audit.list(10))[0]?.details.adopted, true);
  await open(place);
});

t.test('a key file that cannot be adopted stops the start', async (t) => {
  const place = await usedPlace(t);
  const fresh = { ...place, storage: await forgetful(t, place) };
  renameSync(place.file, join(place.directory, 'mine.sealed'));
  await refuses(t, fresh, /mine\.sealed holds another key than its name says/);
  renameSync(join(place.directory, 'mine.sealed'), place.file);
  const second = pem('rsa');
  const name = thumbprint(publicJwk(createPrivateKey(second)));
  writeFileSync(join(place.directory, `${name}.pem`), second, { mode: 0o600 });
  await refuses(t, fresh, /holds 2 keys for RS256 and the database knows none: leave the one that shall sign/);
});

t.test('a key that was half written in a crash, and a file that nobody registered, are left alone', async (t) => {
  const place = await emptyPlace(t);
  mkdirSync(place.directory, { mode: 0o700 });
  writeFileSync(join(place.directory, 'half.pem.new'), '-----BEGIN');
  const { keys } = await (await open(place)).jwks();
  writeFileSync(join(place.directory, 'other.pem'), 'x');
  t.same((await (await open(place)).jwks()).keys, keys);
  t.same(readdirSync(place.directory).sort(), [`${keys[0]?.kid}.sealed`, 'half.pem.new', 'other.pem'].sort());
});

t.test('a folder that cannot be made stops the start', posix, async (t) => {
  const place = await emptyPlace(t);
  writeFileSync(place.directory, 'a file');
  await t.rejects(open(place), { name: 'KeyUnusable', message: /keys(: EEXIST| is not a folder)/ });
  await t.rejects(open({ ...place, directory: join(place.directory, 'keys') }), {
    name: 'KeyUnusable',
    message: /ENOTDIR/,
  });
});

t.test('PV-SEC-097 every algorithm that is set has a key of its own kind, made when it is lacking', async (t) => {
  const place = await emptyPlace(t);
  await open(place);
  const [first] = await place.storage.signingKeys.list();
  const algorithms = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
  const keystore = await open({ ...place, algorithms });
  const keys = createLocalJWKSet((await keystore.jwks()) as JSONWebKeySet);
  for (const alg of algorithms) {
    const { payload, protectedHeader } = await jwtVerify(await keystore.signer.sign({ scope: alg }, alg), keys, {
      algorithms: [alg],
    });
    t.same(payload, { scope: alg });
    t.same(Object.keys(protectedHeader), ['kid', 'alg']);
  }
  const published = new Map((await keystore.jwks()).keys.map((key) => [key.alg, key]));
  t.equal(published.get('RS256')?.kid, first?.kid, 'the key that was there stays');
  t.equal(new Set((await keystore.jwks()).keys.map(({ kid }) => kid)).size, 4, 'no key signs with two algorithms');
  t.same(Object.keys(published.get('ES256') ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  t.same(Object.keys(published.get('EdDSA') ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  t.same(await (await open({ ...place, algorithms })).jwks(), await keystore.jwks(), 'and they stay');
});

t.test('a key whose algorithm is set no more stays published, and signs nothing', async (t) => {
  const place = await emptyPlace(t);
  const before = await open({ ...place, algorithms: ['RS256', 'ES256'] });
  const after = await open(place);
  t.same(await after.jwks(), await before.jwks());
});

t.test(
  'PV-SEC-099 a process holds the keys of algorithms that are not set here, too; that one is gone stops nothing',
  async (t) => {
    const place = await emptyPlace(t);
    const before = await open({ ...place, algorithms: ['RS256', 'ES256'] });
    const kids = (await before.jwks()).keys.map(({ kid }) => kid);
    t.same((await (await open(place)).held()).toSorted(), kids.toSorted());
    const unset = (await place.storage.signingKeys.list()).find(({ alg }) => alg === 'ES256')?.kid;
    rmSync(join(place.directory, `${unset}.sealed`));
    t.same(
      await (await open(place)).held(),
      kids.filter((kid) => kid !== unset),
    );
  },
);

t.test('keys of several kinds that the database has forgotten are found again by their kinds', async (t) => {
  const place = await emptyPlace(t);
  const algorithms = ['RS256', 'ES256'] as const;
  const before = await open({ ...place, algorithms });
  const after = await open({ ...place, storage: await forgetful(t, place), algorithms });
  const sorted = async (keystore: Keystore) => (await keystore.jwks()).keys.map(({ kid }) => kid).sort();
  t.same(await sorted(after), await sorted(before));
});

t.test('two RSA keys that the database has forgotten stop the start: nobody can tell which signs what', async (t) => {
  const place = await emptyPlace(t);
  const algorithms = ['RS256', 'PS256'] as const;
  await open({ ...place, algorithms });
  await refuses(
    t,
    { ...place, storage: await forgetful(t, place), algorithms },
    /holds 2 keys for RS256 and the database knows none/,
  );
});
