import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { utf8 } from '../keys/encode.ts';
import { makeLeaf, name, OID } from '../keys/pki.ts';
import { issuing, valid } from '../keys/refuses.ts';
import { type Mask, matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

const pem = (der: Buffer): string => `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;

const masks: readonly Mask[] = [
  [/\b[0-9a-f]{64}\b/g, 'SHA256'],
  [/\b[0-9a-f]{40}\b/g, 'KEY-ID'],
  [/(in )?\d+ days?( ago)?, /g, 'SOME DAYS OFF, '],
];

t.test('cert inspect prints what a certificate says in every format, and that nothing is verified', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(join(home, 'leaf.der'), valid);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const { stdout, stderr } = await run(['cert', 'inspect', 'leaf.der', '-o', format]);
    matchesGolden(t, `cert-inspect.${format}`, { text: stdout, masks });
    t.match(stderr, /^not verified: /);
  }
});

t.test('cert inspect shows every certificate of a chain', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(join(home, 'chain.pem'), pem(valid) + pem(issuing.der));
  const { items } = JSON.parse((await run(['cert', 'inspect', 'chain.pem', '-o', 'json'])).stdout);
  t.match(items, [
    { is_ca: false, key: 'RSA 2048' },
    { is_ca: true, key: 'EC P-256', subject: 'CN=issuing' },
  ]);
});

t.test('a name in a certificate cannot turn the direction of writing', async (t) => {
  const { run, home } = await newUser(t);
  const subject = name([[OID.commonName, utf8('Eksempel \u202eSA ggyB\u2066')]]);
  await writeFile(join(home, 'leaf.der'), makeLeaf(issuing, { subject }));
  const { stdout } = await run(['cert', 'inspect', 'leaf.der', '-o', 'table']);
  t.match(stdout, /Eksempel \\u\{202e\}SA ggyB\\u\{2066\}/);
});

t.test('cert inspect ends with 8 on what is no certificate, and says which rule it breaks', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(join(home, 'text'), 'text');
  await writeFile(join(home, 'long.der'), Buffer.concat([valid, Buffer.alloc(1)]));
  t.match(await run(['cert', 'inspect', 'text']), { code: 8, stderr: /text cannot be read: file: / });
  t.match(await run(['cert', 'inspect', 'long.der']), { code: 8, stderr: /long\.der cannot be read: der: octets after/ });
});
