import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ADMINISTRATORS, openOffice } from './administrators.ts';
import { openGate } from './gate.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

const gate = await openGate(t);
const office = await openOffice(t, '--issuer', gate.issuer, '--port', String(gate.port));
const { user, dev, as } = office;

t.test('what is not allowed ends with 5 and says which scope it takes', async (t) => {
  const { code, stderr } = await as('consumer', 'scope', 'create', 'prove:x.read', '--description', 'x');
  t.equal(code, 5);
  t.match(stderr, /the client of context demo-consumer-admin has no scope for this\n {2}It takes idporten:scopes\.write\./);
  const list = await as('owner', 'client', 'list', '-o', 'json');
  t.match([list.code, JSON.parse(list.stderr).error], [5, { code: 'forbidden', exit_code: 5 }]);
});

t.test('a prefix of another organisation ends with 5, and the code explains it', async (t) => {
  const { code, stderr } = await as('owner', 'scope', 'create', 'other:x.read', '--description', 'x', '-o', 'json');
  t.match([code, JSON.parse(stderr).error], [5, { code: 'PV-643', oauth_error: 'forbidden', correlation_id: /^[0-9a-f]{32}$/ }]);
});

t.test('names that do not exist end with 6, and the nearest is suggested', async (t) => {
  const cases: [Parameters<typeof as>, RegExp][] = [
    [['owner', 'scope', 'show', 'prove:byg.read'], /did you mean prove:bygg\.read\?/],
    [['owner', 'access', 'list', 'prove:byg.read'], /did you mean prove:bygg\.read\?/],
    [['owner', 'access', 'grant', 'prove:byg.read', '310555045'], /did you mean prove:bygg\.read\?/],
    [['consumer', 'client', 'show', 'demo-consumr'], /did you mean demo-consumer\?/],
    [['consumer', 'key', 'remove', 'demo-consumer', 'demo-consumer-2'], /did you mean demo-consumer-1\?/],
    [['consumer', 'ask', 'prove:byg.read'], /did you mean prove:bygg\.read\?/],
    [['operator', 'org', 'show', '310555061'], /did you mean 3105550\d\d\?/],
    [['operator', 'prefix', 'release', 'prov'], /did you mean prove\?/],
  ];
  for (const [line, suggestion] of cases) {
    const { code, stdout, stderr } = await as(...line);
    t.equal(code, 6, stderr);
    t.equal(stdout, '');
    t.match(stderr, suggestion);
  }
});

t.test('what exists already ends with 7, and with --if-missing it is shown', async (t) => {
  const scope = ['scope', 'create', 'prove:bygg.read', '--description', 'x'];
  t.equal((await as('owner', ...scope)).code, 7);
  const there = await as('owner', ...scope, '--if-missing', '-o', 'json');
  t.match([there.code, JSON.parse(there.stdout)], [0, { name: 'prove:bygg.read', description: 'Lese byggesaker' }]);
  const org = ['org', 'create', '310555037', '--name', 'x'];
  t.equal((await as('operator', ...org)).code, 7);
  t.equal((await as('operator', ...org, '--if-missing')).code, 0);
  const client = await as('consumer', 'client', 'create', 'demo-consumer', '--if-missing', '-q');
  t.match([client.code, client.stdout], [0, /^00000001-/]);
});

t.test('input that cannot be ends with 8 before anything is sent', async (t) => {
  const cases: [Parameters<typeof as>, RegExp][] = [
    [['owner', 'access', 'grant', 'prove:bygg.read', '310555038'], /"310555038" is not an organisation number; nothing was sent/],
    [['owner', 'scope', 'create', 'Prove:x', '--description', 'x'], /"Prove:x" cannot be the name of a scope; nothing was sent/],
    [['owner', 'scope', 'create', 'prove:a/../b', '--description', 'x'], /cannot be the name of a scope/],
    [['operator', 'org', 'update', '310555053', '--add-scope', 'idporten:dcr.raed'], /did you mean idporten:dcr\.read\?/],
  ];
  for (const [line, reason] of cases) {
    const { code, stderr } = await as(...line);
    t.equal(code, 8, stderr);
    t.match(stderr, reason);
  }
});

t.test('an organisation of another register is named with its code, in arguments, files and answers', async (t) => {
  const SWEDE = '0007:5560000001';
  const granted = await as('owner', 'access', 'grant', 'prove:bygg.read', SWEDE);
  t.match([granted.code, granted.stderr], [0, /✓ 0007:5560000001 Påhittad Bygg AB may use prove:bygg\.read/]);
  const list = await as('owner', 'access', 'list', 'prove:bygg.read', '-o', 'csv', '--columns', 'consumer_orgno');
  t.ok(list.stdout.split(/\r?\n/).includes(SWEDE), list.stdout);
  t.match(await as('owner', 'access', 'check', 'prove:bygg.read', SWEDE), { code: 0 });
  await writeFile(join(user.home, 'swedes.txt'), `${SWEDE}\n310555045\n`);
  t.equal((await as('owner', 'access', 'import', 'swedes.txt', '--scope', 'prove:bygg.read', '--dry-run')).code, 0);
  t.equal((await as('owner', 'access', 'revoke', 'prove:bygg.read', SWEDE, '--yes')).code, 0);
  const shown = await as('operator', 'org', 'show', SWEDE, '-o', 'name');
  t.match([shown.code, shown.stdout], [0, `org/${SWEDE}`]);
  const given = await as('consumer', 'delegation', 'give', 'prove:bygg.read', '--to', SWEDE, '-o', 'json', '--dry-run');
  t.match([given.code, JSON.parse(given.stdout || '{}').supplier_orgno], [0, SWEDE], given.stderr);
  const env = { PORTVAKT_CONTEXT: ADMINISTRATORS.operator };
  await user.run(['__complete', '--refresh', 'orgs'], { env });
  t.equal((await user.run(['__complete', 'org', 'show', '0007:55'], { env })).stdout, `${SWEDE}\n`);
  for (const wrong of ['5560000001', '0007:5560000002', '0007:310555037', '556000-0001', '0007:', '9999:1']) {
    const { code, stderr } = await as('owner', 'access', 'grant', 'prove:bygg.read', wrong);
    t.equal(code, 8, wrong);
    t.match(stderr, /is not an organisation number; nothing was sent[\s\S]*0007:5560000001/, wrong);
  }
});

t.test('a token for a Swedish organisation, by the command that dev prints', async (t) => {
  const asking = ['--client', 'demo-swedish', '--scope', 'prove:kart.read', '--issuer', dev.issuer];
  const token = await user.run(['token', 'get', ...asking, '--quiet']);
  t.equal(token.code, 0, token.stderr);
  const verify = ['token', 'verify', '-', '--issuer', dev.issuer, '--consumer', '0007:5560000001', '-o', 'json'];
  const { code, stdout, stderr } = await user.run(verify, { input: token.stdout });
  t.match([code, JSON.parse(stdout || '{}').claims?.consumer], [0, { ID: '0007:5560000001' }], stderr);
  const other = await user.run(['token', 'verify', '-', '--issuer', dev.issuer, '--consumer', '310555037'], {
    input: token.stdout,
  });
  t.equal(other.code, 9);
});

t.test('a client may not carry a scope that is not granted: nothing is stored, and the fix asks for it', async (t) => {
  await as('owner', 'scope', 'create', 'prove:lukket.read', '--description', 'Lukket');
  const { code, stderr } = await as('consumer', 'client', 'create', 'ny', '--scope', 'prove:lukket.read');
  t.equal(code, 8);
  t.match(stderr, /prove:lukket\.read is not granted to 310555037; nothing was stored/);
  t.match(stderr, /fix {3}portvakt ask prove:lukket\.read\n/);
  t.equal((await as('consumer', 'client', 'show', 'ny')).code, 6);
});

t.test('PV-SEC-014 a private key is refused wherever a public one is asked for, and is not sent', async (t) => {
  await user.run(['key', 'generate', '--out', 'p.pem']);
  const jwk = { ...JSON.parse(await readFile(join(user.home, 'p.pub.jwk'), 'utf8')), d: 'secret' };
  await writeFile(join(user.home, 'private.jwk'), JSON.stringify(jwk));
  for (const file of ['p.pem', 'private.jwk']) {
    for (const line of [
      ['client', 'create', 'ny', '--public-key', file],
      ['key', 'add', 'demo-consumer', file],
    ]) {
      const { code, stderr } = await as('consumer', ...line, '--verbose');
      t.equal(code, 8);
      t.match(stderr, /is a private key, which never leaves this machine; nothing was sent/);
      t.notMatch(stderr, /POST|PUT/);
    }
  }
});

t.test('a grant of what is granted succeeds and says since when; a revoke of what is revoked succeeds, too', async (t) => {
  const grant = ['access', 'grant', 'prove:bygg.read', '310555045'];
  t.match((await as('owner', ...grant)).stderr, /✓ 310555045 Demo Integrasjon AS may use prove:bygg\.read/);
  const again = await as('owner', ...grant);
  t.match([again.code, again.stderr], [0, /✓ already granted since \d{4}-\d\d-\d\d/]);
  const revoke = ['access', 'revoke', 'prove:bygg.read', '310555045', '--yes'];
  t.match((await as('owner', ...revoke)).stderr, /no longer has access/);
  const twice = await as('owner', ...revoke);
  t.match([twice.code, twice.stderr], [0, /did not have access/]);
  t.equal((await as('owner', 'access', 'check', 'prove:bygg.read', '310555045')).code, 9);
});

t.test('what takes away names what it hits, and without a terminal wants --yes', async (t) => {
  const { code, stdout, stderr } = await as('consumer', 'client', 'disable', 'demo-chain');
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(
    stderr,
    /This stops demo-chain \(00000003-[^)]+\), which has got \d+ tokens\..*nobody to ask\.\n\n {2}fix {3}add --yes/,
  );
  t.equal((await as('consumer', 'client', 'disable', 'demo-chain', '--yes', '-o', 'json')).code, 0);
  t.equal((await as('consumer', 'client', 'enable', 'demo-chain')).code, 0);
});

t.test('--dry-run is judged by the server and stores nothing, and the answer says so', async (t) => {
  const made = await as('owner', 'scope', 'create', 'prove:torr.read', '--description', 'x', '--dry-run', '-o', 'json');
  t.match([made.code, JSON.parse(made.stdout)], [0, { name: 'prove:torr.read', dry_run: true }]);
  t.match(made.stderr, /dry run, nothing is stored/);
  t.equal((await as('owner', 'scope', 'show', 'prove:torr.read')).code, 6);
  t.equal((await as('owner', 'scope', 'create', 'prove:bygg.read', '--description', 'x', '--dry-run')).code, 7);
});

t.test('every JSON answer to a change carries the correlation id of the header', async (t) => {
  const { stdout } = await as('owner', 'scope', 'update', 'prove:bygg.read', '--description', 'Lese byggesaker', '-o', 'json');
  t.match(JSON.parse(stdout).correlation_id, /^[0-9a-f]{32}$/);
});

t.test('a list has its columns, order, header and part as asked for', async (t) => {
  const names = async (...flags: readonly string[]) =>
    (await as('owner', 'scope', 'list', '--columns', 'name', '--no-headers', ...flags)).stdout.trim().split('\n');
  const all = await names();
  t.same(await names('--sort', '-name'), all.toReversed());
  t.same(await names('--limit', '1'), all.slice(0, 1));
  const cut = await as('owner', 'scope', 'list', '--limit', '1', '-o', 'json');
  t.match(cut.stderr, /1 are shown, and there are more: --all shows them/);
  const { items, next } = JSON.parse(cut.stdout);
  t.equal(items.length, 1);
  t.same(await names('--cursor', next), all.slice(1), 'its next is where the rest begins');
  const whole = await as('owner', 'scope', 'list', '--all', '-o', 'json');
  t.match([whole.stderr, JSON.parse(whole.stdout).next], ['', null]);
  const wrong = await as('owner', 'scope', 'list', '--columns', 'nam');
  t.match([wrong.code, wrong.stderr], [2, /there is no column "nam"\n\n {2}fix {3}did you mean name\?/]);
  t.equal((await as('owner', 'scope', 'list', '--cursor', 'nowhere')).code, 2);
});

t.test('PV-SEC-089 a list of our own is followed page by page', async (t) => {
  for (const limit of ['1', '3', '200']) {
    const { stdout } = await as('operator', 'org', 'list', '--limit', limit, '-o', 'json');
    const { items, next } = JSON.parse(stdout);
    t.equal(items.length, Math.min(Number(limit), 6));
    t.equal(next === null, limit === '200');
    if (next === null) continue;
    const rest = JSON.parse((await as('operator', 'org', 'list', '--all', '--cursor', next, '-o', 'json')).stdout);
    t.equal(rest.items.length, 6 - Number(limit));
  }
});

t.test('access import judges every line before it sends one, and does what is sound', async (t) => {
  await writeFile(
    join(user.home, 'bad.csv'),
    'scope,consumer_orgno\nprove:bygg.read,310555045\nprove:bygg.read,31055504\n,310555053\n',
  );
  const bad = await as('owner', 'access', 'import', 'bad.csv');
  t.equal(bad.code, 8);
  t.match(bad.stderr, /line 3: "31055504" is not an organisation number/);
  t.match(bad.stderr, /line 4: names no scope/);
  t.equal((await as('owner', 'access', 'check', 'prove:bygg.read', '310555045')).code, 9, 'nothing was sent');
  const good = '# a comment\n310555045\n\n0192:310555037\n310555061\n';
  await writeFile(join(user.home, 'good.txt'), good);
  const some = await as('owner', 'access', 'import', 'good.txt', '--scope', 'prove:bygg.read', '-o', 'json');
  t.equal(some.code, 8, 'one organisation is not registered');
  t.match(some.stderr, /1 granted, 1 already granted, 1 failed/);
  t.same(
    JSON.parse(some.stdout).items.map(({ result }: { result: string }) => result),
    ['granted', 'already granted', 'failed'],
  );
});

t.test('ask finds what has been asked, given or opened already, and that is no mistake', async (t) => {
  await as('owner', 'scope', 'create', 'prove:spor.read', '--description', 'Spor');
  const { code, stdout } = await as('consumer', 'ask', 'prove:spor.read', 'prove:bygg.read', 'prove:kart.read', '-o', 'json');
  t.equal(code, 0);
  const states = (text: string) => JSON.parse(text).items.map(({ state }: { state: string }) => state);
  t.same(states(stdout), ['REQUESTED', 'APPROVED', 'OPEN']);
  const { stdout: list } = await as('owner', 'request', 'list', '-o', 'name');
  t.match(list, /request\/prove:spor\.read\/310555037/);
  t.equal((await as('owner', 'request', 'approve', 'prove:spor.read', '310555037')).code, 0);
  t.equal((await as('owner', 'request', 'deny', 'prove:spor.read', '310555037')).code, 7, 'it has been answered');
});

t.test('client test and assertion explain end with 9 when the token endpoint would refuse, and show every check', async (t) => {
  const { code, stdout, stderr } = await as('consumer', 'client', 'test', 'demo-consumer', '--scope', 'prove:arkiv.read');
  t.equal(code, 9);
  t.match(stdout, /✗ MP-200 {2}not so: the scopes exist, are active and on the client/);
  t.match(stdout, /Refused: 1 of \d+ checks failed\. \d+ were not reached\. The token endpoint answers with the first, MP-200\./);
  t.match(stderr, /✗ MP-200 {2}the token endpoint would refuse/);
  const spent = ['assertion', 'create', '--client', 'demo-consumer', '--scope', 'prove:bygg.read', '--issuer', dev.issuer];
  await writeFile(join(user.home, 'request.jwt'), (await user.run(spent)).stdout);
  for (const _ of [1, 2]) t.equal((await as('consumer', 'assertion', 'explain', 'request.jwt')).code, 0, 'it is not spent');
  const foreign = await as('owner', 'assertion', 'explain', 'request.jwt');
  t.match([foreign.code, foreign.stdout.includes('demo-consumer')], [/^(0|6|9)$/, false]);
});

t.test('PV-SEC-087 a change that somebody else made meanwhile is not overwritten: it ends with 7', async (t) => {
  const cases: [Parameters<typeof as>, Parameters<typeof as>, RegExp][] = [
    [
      ['owner', 'scope', 'update', 'prove:kart.read', '--description', 'Mine'],
      ['owner', 'scope', 'update', 'prove:kart.read', '--description', 'Theirs'],
      /\/scopes\?scope=/,
    ],
    [
      ['operator', 'org', 'update', '310555053', '--name', 'Mine'],
      ['operator', 'org', 'update', '310555053', '--name', 'Theirs'],
      /\/operator\/organizations\/310555053/,
    ],
    [
      ['consumer', 'client', 'update', 'demo-chain', '--description', 'Mine'],
      ['consumer', 'client', 'update', 'demo-chain', '--description', 'Theirs'],
      /\/clients\//,
    ],
  ];
  for (const [mine, [role, ...line], path] of cases) {
    gate.stepIn({ method: 'PUT', path, moment: 'before' }, async () => {
      t.equal((await user.run([...line, '--context', ADMINISTRATORS[role]])).code, 0, 'theirs came first');
      return 'go on';
    });
    const { code, stderr } = await as(...mine);
    t.equal(code, 7, stderr);
    t.match(stderr, /PV-612 {2}The object has been changed meanwhile/);
  }
});

t.test('each status of the API has its exit code', async (t) => {
  const cases: [number, number, Record<string, string>, object][] = [
    [400, 8, {}, {}],
    [401, 4, {}, {}],
    [403, 5, {}, {}],
    [404, 6, {}, {}],
    [409, 7, {}, {}],
    [428, 7, {}, {}],
    [429, 13, { 'Retry-After': '7' }, { retryable: true, details: [{ path: 'retry_after', got: '7 s' }] }],
    [500, 1, {}, {}],
    [503, 12, {}, { retryable: true }],
  ];
  for (const [status, exit, headers, expected] of cases) {
    const { origin } = await standIn(t, (_, response) => {
      const body = { status, error: 'said', error_description: 'told', errors: [], error_uri: `${origin}errors/PV-999` };
      response.writeHead(status, { ...headers, 'X-Correlation-Id': 'a'.repeat(32) }).end(JSON.stringify(body));
    });
    const { code, stderr } = await askStandIn(origin);
    t.equal(code, exit, `${status}`);
    t.match(JSON.parse(stderr).error, { message: 'told', oauth_error: 'said', correlation_id: 'a'.repeat(32), ...expected });
  }
  const { origin: page } = await standIn(t, (_, response) => response.writeHead(502).end('<html>'));
  t.match([(await askStandIn(page)).code], [12]);
  t.equal((await askStandIn('http://localhost:9/')).code, 12);
});

t.test('a token that the server no longer takes is fetched anew', async (t) => {
  const first = await as('operator', 'org', 'list');
  t.equal(first.code, 0);
  const tokens = join(user.home, 'portvakt/tokens');
  for (const name of await readdir(tokens)) {
    const held = JSON.parse(await readFile(join(tokens, name), 'utf8'));
    await writeFile(join(tokens, name), JSON.stringify({ ...held, access_token: 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA' }));
  }
  const { code, stderr } = await as('operator', 'org', 'list');
  t.equal(code, 0, stderr);
});

t.test('--verbose tells of each call and of no secret', async (t) => {
  const { stderr } = await as('owner', 'scope', 'list', '--verbose');
  t.match(stderr, /GET http:\S+\/api\/v1\/scopes 200 \d+ ms/);
  t.notMatch(stderr, /eyJ|Bearer/);
});

/** A server whose API answers as it is told. */
async function standIn(t: Test, answer: (path: string, response: ServerResponse) => void): Promise<{ origin: string }> {
  const server = createServer((request, response) => answer(request.url ?? '', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}/` };
}

/** Asks something that takes no log-in of a server, from a folder of contexts that names it. */
async function askStandIn(origin: string) {
  const home = join(user.home, 'nobody');
  await mkdir(home, { recursive: true });
  const env = { XDG_CONFIG_HOME: home, PORTVAKT_ISSUER: origin };
  return user.run(['org', 'lookup', '310555037', '-o', 'json'], { env });
}
