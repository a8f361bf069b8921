import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { extension, makeLeaf, makeList, NOW, revokedEntry } from '../keys/pki.ts';
import { issuing, leaf, root, valid } from '../keys/refuses.ts';
import { matchesGolden } from './golden.ts';
import { newUser, type User } from './portvakt.ts';

const AT = ['--at', new Date(NOW * 1000).toISOString()];

const pem = (der: Buffer, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;

const serial = Buffer.from([0x5e, 0x71]);
const revoked = makeLeaf(issuing, { serialNumber: Buffer.concat([Buffer.from([2, 2]), serial]) });

const FILES: Readonly<Record<string, string | Buffer>> = {
  'root.pem': pem(root.der),
  'issuing.pem': `Subject: issuing\n${pem(issuing.der)}`,
  'both.pem': pem(issuing.der) + pem(root.der),
  'gap.pem': pem(valid) + pem(root.der),
  'chain.pem': pem(valid) + pem(issuing.der),
  'leaf.der': valid,
  'revoked.der': revoked,
  'root.crl': makeList(root),
  'issuing.crl': pem(makeList(issuing, { revoked: [revokedEntry(serial)] }), 'X509 CRL'),
  'text.txt': 'text',
};

async function userWithFiles(t: Test): Promise<User> {
  const user = await newUser(t);
  await Promise.all(Object.entries(FILES).map(([name, content]) => writeFile(join(user.home, name), content)));
  return user;
}

t.test('cert verify says yes with 0 to a chain that holds, wherever the chain stands on the line', async (t) => {
  const { run } = await userWithFiles(t);
  for (const line of [
    ['--trust', 'root.pem', ...AT, 'chain.pem'],
    [...AT, 'chain.pem', '--trust', 'root.pem'],
    [...AT, '--trust', 'root.pem', 'chain.pem'],
    [...AT, '--trust', 'root.pem', '--untrusted', 'issuing.pem', 'leaf.der'],
    [...AT, '--trust', 'root.pem', 'issuing.pem', '--', 'leaf.der'],
    [...AT, '--trust', 'both.pem', 'leaf.der'],
    ['chain.pem', '--trust', 'root.pem', '--crl', 'root.crl', 'issuing.crl', ...AT],
    [...AT, '--trust', 'root.pem', '--crl', 'root.crl', '--crl', 'issuing.crl', 'chain.pem'],
  ]) {
    const { code, stdout, stderr } = await run(['cert', 'verify', '-o', 'json', ...line]);
    t.equal(code, 0, line.join(' '));
    t.match(JSON.parse(stdout), { accepted: true, rule: null, path: { 0: { serial_number: '1003' } } });
    t.equal(stderr, '');
  }
});

t.test('cert verify says no with 9, and names the rule', async (t) => {
  const { run } = await userWithFiles(t);
  for (const [rule, ...line] of [
    ['trust_anchor', '--trust', 'root.pem', 'leaf.der', ...AT],
    ['expired', '--trust', 'root.pem', 'chain.pem', '--at', '2027-01-01T00:00:00+01:00'],
    ['name_link', '--trust', 'root.pem', 'gap.pem', ...AT],
    ['revocation', '--trust', 'root.pem', ...AT, '--crl', 'root.crl', 'chain.pem'],
    ['revoked', '--trust', 'root.pem', 'issuing.pem', ...AT, '--crl', 'issuing.crl', 'root.crl', '--', 'revoked.der'],
    ['revoked', '--trust', 'root.pem', '--untrusted', 'issuing.pem', ...AT, '--crl', 'issuing.crl', 'root.crl', 'revoked.der'],
    ['not_a_ca', '--trust', 'leaf.der', 'chain.pem', ...AT],
    ['end_entity', '--trust', 'root.pem', '--profile', 'own-ca', 'issuing.pem', ...AT],
  ]) {
    const { code, stdout, stderr } = await run(['cert', 'verify', '-o', 'json', ...line]);
    t.equal(code, 9, line.join(' '));
    t.match(JSON.parse(stdout), { accepted: false, rule, expected: /\w/, path: [] });
    t.match(JSON.parse(stderr), { error: { exit_code: 9, message: new RegExp(`: ${rule}: `) } });
  }
});

t.test('cert verify tells whose the certificate is by a profile alone', async (t) => {
  const { run } = await userWithFiles(t);
  const line = ['cert', 'verify', '--trust', 'root.pem', 'chain.pem', ...AT, '-o', 'json'];
  t.match(JSON.parse((await run(line)).stdout), { profile: null, organization: null });
  const { stdout } = await run([...line, '--profile', 'own-ca']);
  t.match(JSON.parse(stdout), { profile: 'own-ca', organization: '310555037' });
});

t.test('cert verify ends with 8 on what it cannot read, 6 on what is not there, 2 on misuse', async (t) => {
  const { run } = await userWithFiles(t);
  for (const [code, ...line] of [
    [8, '--trust', 'root.pem', 'text.txt', ...AT],
    [8, '--trust', 'text.txt', ...AT, 'chain.pem'],
    [8, '--trust', 'root.pem', '--crl', 'text.txt', '--', 'chain.pem'],
    [8, '--trust', 'root.pem', 'issuing.crl', ...AT],
    [6, '--trust', 'nothing.pem', ...AT, 'chain.pem'],
    [2, 'chain.pem', ...AT],
    [2, '--trust', 'root.pem', ...AT],
    [2, '--trust', 'root.pem', 'chain.pem', ...AT, '--crl', 'root.crl'],
    [2, '--trust', 'root.pem', 'chain.pem', '--at', '2026-02-30T00:00:00Z'],
    [2, '--trust', 'root.pem', 'chain.pem', '--at', 'today'],
    [2, '--trust', 'root.pem', 'chain.pem', '--profile', 'unheard-of'],
    [2, '--batch', 'cases.jsonl', '--trust', 'root.pem'],
  ] as const) {
    const { code: ended, stdout } = await run(['cert', 'verify', ...line]);
    t.equal(ended, code, line.join(' '));
    t.equal(stdout, '');
  }
});

t.test('cert verify prints its answer in every format', async (t) => {
  const { run } = await userWithFiles(t);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const { stdout } = await run(['cert', 'verify', '--trust', 'root.pem', 'chain.pem', ...AT, '-o', format]);
    matchesGolden(t, `cert-verify.${format}`, { text: stdout });
  }
});

const base64 = (...ders: readonly Buffer[]) => ders.map((der) => der.toString('base64'));
const at = new Date(NOW * 1000).toISOString();
const good = { id: 'a', chain: base64(valid, issuing.der), trust: base64(root.der), untrusted: [], crls: [], at };
const critical = () => leaf({ extensions: [extension.of('1.2.3', Buffer.from([5, 0]), true)] })();

const CASES: readonly [rule: string | null, line: unknown][] = [
  [null, good],
  [null, { ...good, id: 7, chain: base64(valid), untrusted: base64(issuing.der) }],
  [null, { id: 'b', chain: good.chain, trust: good.trust, at, crls: null, profile: null }],
  [null, { ...good, trust: base64(Buffer.from('no certificate'), root.der), untrusted: base64(valid, Buffer.from('x')) }],
  [null, { ...good, crls: base64(makeList(root), makeList(issuing), Buffer.from('no list')) }],
  [null, { ...good, profile: 'own-ca' }],
  [null, { ...good, at: at.replace('Z', '+00:00') }],
  ['revocation', { ...good, crls: base64(Buffer.from('no list')) }],
  [
    'revoked',
    {
      ...good,
      chain: base64(revoked, issuing.der),
      crls: base64(makeList(root), makeList(issuing, { revoked: [revokedEntry(serial)] })),
    },
  ],
  ['critical_extension', { ...good, chain: base64(...critical(), issuing.der) }],
  ['der', { ...good, chain: base64(Buffer.from('text')) }],
  ['der', { ...good, chain: [''] }],
  ['path_size', { ...good, chain: [] }],
  ['path_size', { ...good, chain: Array(6).fill(good.chain[0]) }],
  ['trust_anchor', { ...good, trust: [] }],
  ['not_a_ca', { ...good, trust: base64(valid) }],
  ['profile', { ...good, profile: 'unheard-of' }],
  ['line', { id: 'c' }],
  ['line', { ...good, trust: undefined }],
  ['line', { ...good, chain: good.chain[0] }],
  ['line', { ...good, chain: [7] }],
  ['line', { ...good, chain: ['%%%%'] }],
  ['line', { ...good, chain: [`${good.chain[0]}\n`] }],
  ['line', { ...good, crls: {} }],
  ['line', { ...good, at: 1_767_225_600 }],
  ['line', { ...good, at: '2026-01-01' }],
  ['line', { ...good, profile: 7 }],
  ['line', [good]],
  ['line', 'text'],
  ['line', null],
];

t.test('cert verify --batch judges one case a line, prints one answer a line, and ends with 0', async (t) => {
  const { run } = await newUser(t);
  const lines = [...CASES.map(([, line]) => JSON.stringify(line)), '{"id": "d", "chain":', 'text', '', '\u0000'];
  const input = `${lines.join('\r\n')}\n`;
  const { code, stdout, stderr } = await run(['cert', 'verify', '--batch', '-'], { input });
  t.equal(code, 0);
  t.equal(stderr, '');
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.same(
    answers.map(({ rule }) => rule),
    [...CASES.map(([rule]) => rule), 'line', 'line', 'line'],
  );
  t.ok(answers.every((answer) => Object.keys(answer).join() === 'id,accepted,rule,detail'));
  t.ok(answers.every(({ accepted, rule, detail }) => accepted === (rule === null) && accepted === (detail === null)));
  t.same(
    answers.slice(0, 3).map(({ id }) => id),
    ['a', 7, 'b'],
  );
  t.same(
    answers.slice(-3).map(({ id }) => id),
    [null, null, null],
  );
});

t.test('cert verify --batch reads a file, and what it prints is the same whatever -o says', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(join(home, 'cases.jsonl'), JSON.stringify(good));
  for (const format of ['table', 'json', 'csv']) {
    const { code, stdout } = await run(['cert', 'verify', '--batch', 'cases.jsonl', '-o', format]);
    t.same([code, stdout], [0, '{"id":"a","accepted":true,"rule":null,"detail":null}\n']);
  }
  t.equal((await run(['cert', 'verify', '--batch', 'nothing.jsonl'])).code, 6);
});

t.test('cert verify --batch judges a thousand cases in seconds', async (t) => {
  const { run, home } = await newUser(t);
  const line = JSON.stringify({ ...good, crls: base64(makeList(root), makeList(issuing)) });
  await writeFile(join(home, 'cases.jsonl'), `${line}\n`.repeat(1000));
  const begin = performance.now();
  const { stdout } = await run(['cert', 'verify', '--batch', 'cases.jsonl']);
  t.equal(stdout.match(/"accepted":true/g)?.length, 1000);
  t.comment(`${Math.round(performance.now() - begin)} ms`);
});
