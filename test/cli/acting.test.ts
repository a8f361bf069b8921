import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import type { World, WorldClient } from '../../fixtures/world.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { ADMIN_SCOPES, OPERATOR_SCOPE } from '../../server/core/admin-scopes.ts';
import { type Part, startApi, type TestApi } from '../selfservice/api.ts';
import { makeDelegable } from '../selfservice/delegable.ts';
import { matchesGolden } from './golden.ts';
import { type Ended, newUser, type User } from './portvakt.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(180_000);

const { consumer, supplier } = ORGANIZATIONS;
const NONE = '00000000-0000-4000-8000-000000000000';

/** Somebody who is logged in for each organisation, at a server with `prove:skog.read`, which can be delegated. */
type Work = {
  readonly user: User;
  readonly api: TestApi;
  readonly as: (part: Part, ...args: readonly string[]) => Promise<Ended>;
};

async function atWork(t: Test): Promise<Work> {
  const user = await newUser(t);
  await user.run(['key', 'generate', '--out', 'key.pem']);
  const jwk = JSON.parse(await readFile(join(user.home, 'key.pub.jwk'), 'utf8'));
  const api = await startApi(t, {
    systemClock: true,
    world: (world) => ({ ...world, clients: [...world.clients, ...admins(jwk)] }),
  });
  await makeDelegable(api, 'skog.read');
  for (const part of ['operator', 'consumer', 'supplier'] as const) {
    const as = ['--server', api.server.issuer, '--name', part, '--client-id', `cli-${part}`, '--key', 'key.pem'];
    const { code, stderr } = await user.run(['login', ...as]);
    t.equal(code, 0, stderr);
  }
  return { user, api, as: (part, ...args) => user.run([...args, '--context', part]) };
}

function admins(jwk: object): readonly WorldClient[] {
  const key = readPublicJwk({ ...jwk });
  if ('flaw' in key) throw new Error(key.flaw);
  return (['operator', 'consumer', 'supplier'] as const).map((part) => ({
    ...{ clientId: `cli-${part}`, name: part, orgno: ORGANIZATIONS[part].orgno, active: true, integrationType: 'maskinporten' },
    ...{ scopes: ADMIN_SCOPES.filter((scope) => (scope === OPERATOR_SCOPE) === (part === 'operator')) },
    ...{ accessTokenLifetime: 0, keys: [key], details: { description: part, token_endpoint_auth_method: 'private_key_jwt' } },
  })) satisfies World['clients'];
}

const MASKS = [
  [/\b(?!00000000)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, NONE],
  [/\b[0-9a-f]{32}\b/g, '0'.repeat(32)],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '2026-01-01T00:00:00Z'],
  [/\b20[23]\d-\d\d-\d\d\b/g, '2026-01-01'],
] as const;

t.test('a delegation is given, listed in every format, checked, and revoked', async (t) => {
  const { as } = await atWork(t);
  const of = ['prove:skog.read', '--consumer', consumer.orgno, '--supplier', supplier.orgno];
  const no = await as('supplier', 'delegation', 'check', ...of);
  t.equal(no.code, 9);
  t.match(no.stderr, /MP-251[\s\S]*portvakt delegation give prove:skog\.read --to 310555045/);
  const given = await as(
    'consumer',
    'delegation',
    'give',
    'prove:skog.read',
    '--to',
    supplier.orgno,
    '--until',
    '2099-12-31',
    '-o',
    'json',
  );
  t.equal(given.code, 0, given.stderr);
  const { id, ...members } = JSON.parse(given.stdout);
  t.match(members, { state: 'ACTIVE', valid_to: '2100-01-01T00:00:00.000Z', correlation_id: /^[0-9a-f]{32}$/ });
  t.match(
    (await as('consumer', 'delegation', 'list', '--given')).stdout,
    /active +2099-12-31\n/,
    'its last day, as it was given',
  );
  t.equal((await as('supplier', 'delegation', 'check', ...of)).code, 0);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const { stdout, code } = await as('supplier', 'delegation', 'list', '--received', '--scope', 'prove:skog.read', '-o', format);
    t.equal(code, 0);
    matchesGolden(t, `delegation-list.${format}`, { text: stdout, masks: MASKS });
  }
  t.equal((await as('consumer', 'delegation', 'give', 'prove:skog.read', '--to', supplier.orgno)).code, 7, 'it has been given');
  t.equal((await as('supplier', 'delegation', 'revoke', id)).code, 2, 'nobody to ask');
  t.equal((await as('supplier', 'delegation', 'revoke', id, '--dry-run')).code, 0);
  const back = await as('supplier', 'delegation', 'revoke', `delegation/${id}`, '--yes');
  t.match(back, { code: 0, stderr: /310555045 acts no longer for 310555037/ });
  t.equal((await as('supplier', 'delegation', 'check', ...of)).code, 9);
  const bare = await as('consumer', 'delegation', 'give', 'prove:skog.read', '--to', supplier.orgno, '-q');
  t.match(bare, { stdout: /^[0-9a-f-]{36}\n$/, stderr: '' }, 'with -q its id, for a script');
  t.equal((await as('consumer', 'delegation', 'revoke', bare.stdout.trim(), '--yes')).code, 0);
  t.equal((await as('consumer', 'delegation', 'revoke', NONE, '--yes')).code, 6);
});

t.test('what cannot be is refused before anything is sent', async (t) => {
  const { as } = await atWork(t);
  for (const [args, code] of [
    [['delegation', 'give', 'prove:skog.read', '--to', '310555046'], 8],
    [['delegation', 'give', 'skog', '--to', supplier.orgno], 8],
    [['delegation', 'give', 'prove:skog.read', '--to', supplier.orgno, '--until', 'i morgen'], 8],
    [['delegation', 'give', 'prove:kart.read', '--to', supplier.orgno, '--until', '2020-01-01'], 8],
    [['delegation', 'give', 'prove:skog.read'], 2],
    [['delegation', 'check', 'prove:skog.read'], 2],
    [['delegation', 'list', '--given', '--received'], 2],
    [['source', 'add', 'x', '--issuer', 'https://x.example.no/', '--url', 'https://x.example.no/'], 2],
    [['source', 'list'], 5],
  ] as const) {
    const ended = await as('consumer', ...args);
    t.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
  }
});

t.test('a file of delegations is given line by line, and what is wrong in it is named before anything is sent', async (t) => {
  const { user, as } = await atWork(t);
  const file = (lines: readonly string[]) =>
    writeFile(join(user.home, 'd.csv'), `scope,supplier_orgno,reason\n${lines.join('\n')}\n`);
  await file(['prove:skog.read,310555046,', ',310555045,']);
  const wrong = await as('consumer', 'delegation', 'import', 'd.csv');
  t.match(wrong, { code: 8, stderr: /line 2[\s\S]*line 3/ });
  await file(['prove:skog.read,310555045,"avtale, 2026"', 'prove:finnes.ikke,310555045,', 'prove:skog.read,310555053,']);
  const some = await as('consumer', 'delegation', 'import', 'd.csv', '-o', 'json');
  t.equal(some.code, 8);
  t.same(
    JSON.parse(some.stdout).items.map(({ result }: { result: string }) => result),
    ['given', 'failed', 'given'],
  );
  const again = await as('consumer', 'delegation', 'import', 'd.csv', '-o', 'csv');
  t.match(again, { stdout: /already given/, stderr: /0 given, 2 already given, 1 failed/ });
});

t.test('a supplier lists the customers whose delegation it lacks', async (t) => {
  const { api, as } = await atWork(t);
  const missed = {
    scope: 'prove:skog.read',
    consumerOrgno: consumer.orgno,
    supplierOrgno: supplier.orgno,
    times: 2,
    lastAsked: 1767225600,
  };
  await api.server.storage.missedDelegations.add([missed]);
  const { stdout } = await as('supplier', 'delegation', 'list', '--missing', '-o', 'json');
  t.match(JSON.parse(stdout), { items: [{ consumer_orgno: consumer.orgno, scope: 'prove:skog.read', times: 2 }], next: null });
});
