import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import t, { type Test } from 'tap';
import { openCheckpointKey } from '../../keys/checkpoint-key.ts';
import { rewrap } from '../../keys/key-care.ts';
import { KeyFolder } from '../../keys/key-folder.ts';
import { KeyUnusable, openKeystore } from '../../keys/keystore.ts';
import { openMasterKey } from '../../keys/master-key.ts';
import { publicJwk, thumbprint } from '../../keys/thumbprint.ts';
import { makePlace, NOW, startedPlace, type TestPlace } from './key-place.ts';

// A passphrase takes a third of a second, each time that somebody opens something with it.
t.setTimeout(60_000);

const posix = process.platform === 'win32' ? { skip: 'Windows has no modes' } : {};
const PASSPHRASE = 'vakt ved porten, hele natten';

/** Refused with a message, and every file in the data directory as it was. */
async function refuses(t: Test, { data }: Pick<TestPlace, 'data'>, open: () => Promise<unknown>, message: RegExp): Promise<void> {
  const all = () => readdirSync(join(data, 'keys')).map((name) => [name, readFileSync(join(data, 'keys', name)).toString('hex')]);
  const before = all();
  const error = await open().catch((error: unknown) => error);
  t.ok(error instanceof KeyUnusable, String(error));
  t.match(error, { message });
  t.same(all(), before, 'nothing is overwritten');
}

/** What is signed is verified with what is published. */
async function signs(t: Test, keystore: Awaited<ReturnType<typeof openKeystore>>): Promise<void> {
  const keys = createLocalJWKSet((await keystore.jwks()) as JSONWebKeySet);
  t.same((await jwtVerify(await keystore.signer.sign({ scope: 'a' }, 'RS256'), keys)).payload, { scope: 'a' });
}

t.test('PV-SEC-093 a private key lies on the disk under AES-256-GCM, and nothing of it in the clear', async (t) => {
  const { data, kid } = await startedPlace(t);
  const text = readFileSync(join(data, 'keys', `${kid}.sealed`), 'utf8');
  const { wrapped, key, ...said } = JSON.parse(text);
  t.same(said, { format: 'portvakt sealed key 1', kid, purpose: 'token-signing', state: 'active' });
  t.match(wrapped, { kind: 'file', id: /^[\w-]{16}$/, data: /^[\w-]{80}$/ });
  t.ok(Buffer.from(key, 'base64url').length > 1200);
  t.notMatch(text, /PRIVATE KEY|MII/);
});

t.test('PV-SEC-093 another kid, purpose or state than the file was sealed with opens nothing', async (t) => {
  const made = await startedPlace(t);
  const { data, place, kid } = made;
  const file = join(data, 'keys', `${kid}.sealed`);
  const whole = readFileSync(file, 'utf8');
  const open = () => openKeystore(place);
  for (const [from, to, message] of [
    ['"active"', '"pending"', /is sealed as pending, and the database says active/],
    ['"token-signing"', '"audit-checkpoint"', /holds another key than its name says/],
    [`"kid": "${kid}"`, '"kid": "other"', /holds another key than its name says/],
  ] as const) {
    writeFileSync(file, whole.replace(from, to));
    await refuses(t, made, open, message);
  }
  const audit = new KeyFolder(join(data, 'keys'), 'audit-checkpoint', openMasterKey({ master: made.masterFile('master.key') }));
  writeFileSync(file, whole.replace('"token-signing"', '"audit-checkpoint"'));
  await refuses(t, made, () => audit.open(kid, { kinds: ['rsa'], states: ['active'] }), /was changed since it was sealed/);
  writeFileSync(file, whole.replace('"active"', '"pending"'));
  await refuses(
    t,
    made,
    () => place.folder.open(kid, { kinds: ['rsa'], states: ['pending'] }),
    /was changed since it was sealed/,
  );
  writeFileSync(file, whole);
  await signs(t, await open());
});

t.test('a sealed key that is cut off or changed in any byte stops the start', async (t) => {
  const made = await startedPlace(t);
  const file = join(made.data, 'keys', `${made.kid}.sealed`);
  const whole = readFileSync(file, 'utf8');
  const open = () => openKeystore(made.place);
  for (const length of [0, 1, 100, whole.length / 2, whole.length - 3]) {
    writeFileSync(file, whole.slice(0, length));
    await refuses(t, made, open, /is no sealed key, or was cut off: restore it from a backup/);
  }
  for (const text of [
    '[]',
    'null',
    '{}',
    whole.replace('key 1', 'key 2'),
    whole.replace('"wrapped": {', '"wrapped": [], "x": {'),
  ]) {
    writeFileSync(file, text);
    await refuses(t, made, open, /is no sealed key/);
  }
  const { wrapped, key } = JSON.parse(whole);
  for (const part of [wrapped.data, key])
    for (const place of [0, 15, 20, 40, part.length - 2]) {
      const other = part[place] === 'A' ? 'B' : 'A';
      writeFileSync(file, whole.replace(part, `${part.slice(0, place)}${other}${part.slice(place + 1)}`));
      await refuses(t, made, open, /was changed since it was sealed: restore it from a backup/);
    }
});

t.test(
  'a master key that is missing, another or no such key stops the start, and none is made in its place',
  posix,
  async (t) => {
    const made = await startedPlace(t);
    const master = made.masterFile('master.key');
    const open = () => openKeystore(made.at({ master }));
    const aside = `${master.file}.aside`;
    renameSync(master.file, aside);
    await refuses(t, made, open, /master\.key: the file of a master key is missing/);
    await refuses(t, made, () => openKeystore(made.at({ master: { ...master, mayBeMade: true } })), /master key is missing/);
    t.notOk(existsSync(master.file));
    symlinkSync(aside, master.file);
    await refuses(t, made, open, /a link stands in place of the master key/);
    rmSync(master.file);
    made.masterFile('master.key');
    await refuses(t, made, open, /is sealed by another master key/);
    for (const length of [0, 31, 33]) {
      writeFileSync(master.file, Buffer.alloc(length));
      await refuses(t, made, open, new RegExp(`holds ${length} bytes, and a master key has 32`));
    }
    copyFileSync(aside, master.file);
    chmodSync(master.file, 0o644);
    await refuses(t, made, open, /master\.key is open to other users: chmod 600 it/);
    chmodSync(master.file, 0o600);
    if (process.geteuid?.() === 0) {
      chownSync(master.file, 65534, 65534);
      await refuses(t, made, open, /belongs to another user/);
      chownSync(master.file, 0, 0);
    }
    await signs(t, await open());
  },
);

t.test('PV-SEC-093 a passphrase opens what it sealed, by scrypt with N of 2^17; a wrong one opens nothing', async (t) => {
  const made = await makePlace(t);
  const master = made.passphrase('passphrase', `${PASSPHRASE}\n`);
  await openKeystore(made.at({ master }));
  const [name = ''] = readdirSync(join(made.data, 'keys'));
  const { wrapped } = JSON.parse(readFileSync(join(made.data, 'keys', name), 'utf8'));
  t.match(wrapped, { kind: 'passphrase', scrypt: { n: 131_072, r: 8, p: 1, salt: /^[\w-]{22}$/ } });
  made.passphrase('passphrase', PASSPHRASE);
  await signs(t, await openKeystore(made.at({ master })));
  const open = () => openKeystore(made.at({ master }));
  made.passphrase('passphrase', `${PASSPHRASE}!`);
  await refuses(t, made, open, /sealed by another master key, or the passphrase is wrong/);
  made.passphrase('passphrase', 'fifteen letters');
  await refuses(t, made, open, /a passphrase of fewer than 16 characters/);
  made.passphrase('passphrase', 'x'.repeat(1_025));
  await refuses(t, made, open, /holds more than 1024 bytes/);
  made.passphrase('passphrase', PASSPHRASE);
  const file = join(made.data, 'keys', name);
  const whole = readFileSync(file, 'utf8');
  for (const rounds of ['1024', '1073741824', '131073']) {
    writeFileSync(file, whole.replace('131072', rounds));
    await refuses(t, made, open, /sealed by another master key/);
  }
});

/** A data directory from before keys were sealed: its key lies there in PEM. */
async function plainPlace(t: Test): Promise<TestPlace & { readonly kid: string; readonly file: string }> {
  const made = await makePlace(t);
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const kid = thumbprint(publicJwk(createPrivateKey(pem)));
  mkdirSync(join(made.data, 'keys'), { mode: 0o700 });
  const file = join(made.data, 'keys', `${kid}.pem`);
  writeFileSync(file, pem, { mode: 0o600 });
  await openKeystore(made.at({ master: { kind: 'file', file: join(made.data, 'none'), mayBeMade: false } }));
  return { ...made, kid, file };
}

t.test('a key from before signs in the clear until a master key is named, and is sealed at the start that has one', async (t) => {
  const made = await plainPlace(t);
  const master = made.masterFile('master.key');
  const before = await openKeystore(made.at({ master }));
  t.same(before.plain(), [made.kid]);
  await signs(t, before);
  const after = await openKeystore({ ...made.at({ master }), sealsPlain: true });
  t.same(readdirSync(join(made.data, 'keys')), [`${made.kid}.sealed`]);
  t.same(after.plain(), []);
  await signs(t, after);
  const [last] = await made.storage.audit.list(1);
  t.match(last, { type: 'signing_key.sealed', details: { kid: made.kid } });
});

t.test('starts that seal at once agree, and one that was cut off between its steps is gone on with', async (t) => {
  const made = await plainPlace(t);
  const master = made.masterFile('master.key');
  const pem = readFileSync(made.file);
  const start = () => openKeystore({ ...made.at({ master }), sealsPlain: true });
  await Promise.all([start(), start(), start()]);
  t.equal((await made.storage.audit.list(20)).filter(({ type }) => type === 'signing_key.sealed').length, 1);
  writeFileSync(made.file, pem, { mode: 0o600 });
  writeFileSync(`${made.file}.1a2b.new`, pem.subarray(0, 100), { mode: 0o600 });
  await signs(t, await openKeystore(made.at({ master })));
  await signs(t, await start());
  t.same(readdirSync(join(made.data, 'keys')), [`${made.kid}.sealed`]);
});

t.test('sealing that cannot be done leaves the key in the clear, and it signs', posix, async (t) => {
  const made = await plainPlace(t);
  const master = made.masterFile('master.key');
  chmodSync(master.file, 0o604);
  await refuses(t, made, () => openKeystore({ ...made.at({ master }), sealsPlain: true }), /open to other users/);
  await signs(t, await openKeystore(made.at({ master })));
});

t.test("the audit's key is sealed in the same way", async (t) => {
  const made = await makePlace(t);
  const folder = new KeyFolder(
    join(made.data, 'audit-keys'),
    'audit-checkpoint',
    openMasterKey({ master: made.masterFile('m') }),
  );
  const { storage, clock } = made;
  const first = await openCheckpointKey({ folder, storage, clock });
  t.same(readdirSync(folder.directory), [`${first.kid}.sealed`]);
  const again = await openCheckpointKey({ folder, storage, clock });
  t.equal(again.sign('x'), first.sign('x'));
  const key = await folder.open(first.kid, { kinds: ['ed25519'], states: ['active'] });
  folder.remove(first.kid);
  writeFileSync(join(folder.directory, `${first.kid}.pem`), key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  t.equal((await openCheckpointKey({ folder, storage, clock })).sign('x'), first.sign('x'), 'in the clear, as before');
  t.equal((await openCheckpointKey({ folder, storage, clock, sealsPlain: true })).sign('x'), first.sign('x'));
  t.same(readdirSync(folder.directory), [`${first.kid}.sealed`]);
});

t.test('PV-SEC-101 rewrapping goes from one master key to another, and any step of it opens with both', async (t) => {
  const made = await startedPlace(t);
  const [master, former] = [made.passphrase('new', PASSPHRASE), made.masterFile('master.key')];
  const both = made.at({ master, former });
  await openKeystore({ ...both, algorithms: ['RS256', 'ES256'] });
  t.equal(readdirSync(join(made.data, 'keys')).length, 2, 'one by each master key, as when it was cut off half-way');
  await signs(t, await openKeystore(made.at({ master, former })));
  await refuses(t, made, () => openKeystore(made.at({ master })), /sealed by another master key/);
  t.equal(await rewrap({ ...both, at: NOW }), 1);
  t.equal(await rewrap({ ...both, at: NOW }), 0);
  await signs(t, await openKeystore(made.at({ master })));
  const [last] = await made.storage.audit.list(1);
  t.match(last, { type: 'signing_key.rewrapped', details: { kid: made.kid } });
});

t.test('rewrapping without the former master key stops, and leaves what was there', async (t) => {
  const made = await startedPlace(t);
  const place = made.at({ master: made.masterFile('other.key') });
  await refuses(t, made, () => rewrap({ ...place, at: NOW }), /name the right one in keys\.master, or keys\.former/);
});
