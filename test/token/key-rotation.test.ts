import { readFileSync, renameSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import t, { type Test } from 'tap';
import type { KeyPlace } from '../../keys/key-change.ts';
import { activateSigningKey, generateSigningKey } from '../../keys/rotation.ts';
import { devConfig } from '../../server/config.ts';
import { PENDING_AT_LEAST, RETIRED_AT_LEAST } from '../../server/core/signing-key.ts';
import { DAY, MINUTE } from '../../server/core/time.ts';
import { keyFolders } from '../../server/foundations.ts';
import { openStorage } from '../../server/storage/open.ts';
import { refused, START, startTestServer, type TestServer } from './server.ts';

const HOST = { actor: 'host' } as const;

/** The keys of a server's data directory, as a command on its host sees them. */
async function keysBeside(t: Test, { dataDir, clock }: TestServer): Promise<KeyPlace> {
  const storage = await openStorage(join(dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  return { storage, clock, folder: keyFolders(devConfig({ dataDir, port: 0 })).signing };
}

async function issued(server: TestServer): Promise<string> {
  const { status, body } = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.access_token as string;
}

const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const jwks = async (server: TestServer) => (await server.get('/jwk')).body as unknown as JSONWebKeySet;
const published = async (server: TestServer) => (await jwks(server)).keys.map(({ kid }) => kid).sort();

t.test('PV-SEC-099 a change of the keys on the host is in force in every process with its next request', async (t) => {
  const server = await startTestServer(t);
  const other = await startTestServer(t, { dataDir: server.dataDir });
  const place = await keysBeside(t, server);
  const [first] = await published(server);
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  for (const each of [server, other]) t.same(await published(each), [first, kid].sort());
  t.equal(kidOf(await issued(server)), first);
  for (const each of [server, other]) each.clock.time = START + PENDING_AT_LEAST;
  const kept = createLocalJWKSet(await jwks(other));
  await activateSigningKey(place, kid, HOST);
  for (const each of [server, other]) {
    const token = await issued(each);
    t.equal(kidOf(token), kid);
    await jwtVerify(token, kept, { currentDate: new Date(each.clock.time * 1000) });
  }
});

t.test('PV-SEC-099 a server says which keys it holds, from its start until its end', async (t) => {
  const server = await startTestServer(t);
  const other = await startTestServer(t, { dataDir: server.dataDir });
  const place = await keysBeside(t, server);
  const told = async () =>
    (await place.storage.keyHolders.list())
      .map(({ node, at, kids }) => ({ node, at, kids }))
      .toSorted((one, two) => one.at - two.at);
  const [first = ''] = await published(server);
  const node = `${hostname()}:${server.dataDir}`;
  t.same(await told(), Array(2).fill({ node, at: START, kids: [first] }));
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'pending' }, HOST);
  server.clock.time = START + MINUTE;
  await server.elapse();
  t.same(await told(), [
    { node, at: START, kids: [first] },
    { node, at: START + MINUTE, kids: [first, kid] },
  ]);
  await other.close();
  t.equal((await told()).length, 1);
  await server.close();
  t.same(await told(), []);
});

t.test('PV-SEC-099 a process that cannot load the key is not ready, spends nothing, and answers PV-506', async (t) => {
  const server = await startTestServer(t);
  const place = await keysBeside(t, server);
  const { kid } = await generateSigningKey(place, { alg: 'RS256', state: 'generated' }, HOST);
  await activateSigningKey(place, kid, { ...HOST, emergency: 'a drill' });
  const file = place.folder.path(kid);
  renameSync(file, `${file}.aside`);
  const assertion = await server.assertion('demo-consumer', { scope: 'prove:bygg.read' });
  const problem = { code: 'PV-506', status: 503, error: 'temporarily_unavailable', phrase: 'cannot load the key' };
  refused(t, await server.ask(assertion), problem);
  t.match(await server.get('/health/ready'), { status: 503 });
  t.ok((await published(server)).includes(kid));
  renameSync(`${file}.aside`, file);
  const { status, body } = await server.ask(assertion);
  t.equal(status, 200, 'the assertion was not spent');
  t.equal(kidOf(body.access_token as string), kid);
  t.equal((await server.get('/health/ready')).status, 200);
});

t.test('PV-SEC-098 a server that is told how long a key signs rotates by itself', async (t) => {
  const { keys } = devConfig({ dataDir: 'x', port: 0 });
  const server = await startTestServer(t);
  const turning = await startTestServer(t, {
    dataDir: server.dataDir,
    config: {
      keys: { ...keys, master: { ...keys.master, file: join(server.dataDir, 'master.key') }, rotateEvery: 30 * DAY },
    },
  });
  const [first] = await published(server);
  const turn = async (to: number) => {
    for (const each of [server, turning]) each.clock.time = to;
    await turning.elapse();
  };
  await turn(START + 29 * DAY);
  const [second] = (await published(server)).filter((kid) => kid !== first);
  t.ok(second, 'published a day ahead');
  await turn(START + 30 * DAY);
  t.equal(kidOf(await issued(server)), second);
  t.match(readFileSync(join(server.dataDir, 'keys', `${first}.sealed`), 'utf8'), /"state": "retired"/);
  await turn(START + 30 * DAY + RETIRED_AT_LEAST);
  t.same(await published(server), [second]);
  t.match(
    turning.lines.filter(({ message }) => message === 'the signing keys were rotated').map(({ fields }) => fields.detail),
    ['a key for RS256 was published', `${second} was activated`, `${first} was removed`],
  );
});
