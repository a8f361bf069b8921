import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { PRESETS } from '../../cli/trust-presets.ts';
import { PROFILES } from '../../keys/x509/profile.ts';
import { isRevocationAddress } from '../../server/core/revocation-address.ts';
import { commonName, makeIssuing, makeRoot } from '../keys/pki.ts';
import { openOffice } from './administrators.ts';

t.setTimeout(90_000);

const { user, as } = await openOffice(t);
const now = Math.floor(Date.now() / 1000);
const valid = { notBefore: now - 86_400, notAfter: now + 30 * 86_400 };

/** Writes the certificate of a CA with these names. */
async function authority(file: string, subject: string, issuer: string): Promise<string> {
  const root = makeRoot('root', { ...valid, subject: commonName(issuer) });
  const { der } = makeIssuing({ ...root, name: commonName(issuer) }, 'issuing', { ...valid, subject: commonName(subject) });
  await writeFile(join(user.home, file), der);
  return file;
}

const BUYPASS = ['Buypass Class 3 Test4 CA G2 ST Business', 'Buypass Class 3 Test4 Root CA G2 ST'] as const;
const COMMFIDES = ['Commfides Legal Person - G3 - TEST', 'Commfides Root CA - G3 - TEST'] as const;

t.test('every CA of a preset has a profile, policies, and addresses that a server takes', async (t) => {
  for (const { name, authorities } of PRESETS) {
    for (const { subject, profile, policies, crl_urls } of authorities) {
      t.ok(PROFILES.has(profile), `${name} ${subject}`);
      t.ok(policies.length > 0);
      t.ok(crl_urls.every(isRevocationAddress));
    }
  }
});

t.test('presets are listed and shown without a server', async (t) => {
  const list = await user.run(['trust', 'preset', 'list', '-o', 'json']);
  t.match(JSON.parse(list.stdout).items, [
    { name: 'norway-production', environment: 'production' },
    { name: 'norway-test', environment: 'test' },
  ]);
  const show = await user.run(['trust', 'preset', 'show', 'norway-production', '-o', 'json']);
  const [first, , third] = JSON.parse(show.stdout).items;
  t.match(first, { subject: 'Buypass Class 3 CA G2 ST Business', profile: 'seid-2.0', revocation: 'require' });
  t.match(first.policies, ['2.16.578.1.26.1.3.2', '2.16.578.1.26.1.3.5']);
  t.match(third.crl_urls, ['http://crl.commfides.com/G3/CommfidesLegalPersonCA-G3.crl']);
  const near = await user.run(['trust', 'preset', 'show', 'norway-tets']);
  t.match([near.code, near.stderr], [6, /did you mean norway-test\?/]);
});

t.test('CAs of a preset are trusted by their certificates with what the preset says, and once', async (t) => {
  const files = [await authority('buypass.der', ...BUYPASS), await authority('commfides.der', ...COMMFIDES)];
  const flags = files.flatMap((file) => ['--certificate', file]);
  const line = ['trust', 'preset', 'add', 'norway-test', ...flags, '-o', 'json'];
  const unasked = await as('operator', ...line);
  t.match([unasked.code, unasked.stderr], [2, /Compare each SHA-256 with what the CA publishes[\s\S]*--yes/]);
  const added = await as('operator', ...line, '--yes');
  t.match([added.code, added.stderr], [0, /\+ Buypass Class 3 Test4 CA G2 ST Business\n {2}SHA-256 [0-9a-f]{64}/]);
  const results = JSON.parse(added.stdout).items.map(({ result, subject }: Record<string, string>) => [result, subject]);
  t.same(results, [
    ['added', BUYPASS[0]],
    ['added', COMMFIDES[0]],
  ]);
  const [{ id }] = JSON.parse(added.stdout).items;
  const { stdout } = await as('operator', 'trust', 'show', id, '-o', 'json');
  t.match(JSON.parse(stdout), {
    ...{ role: 'anchor', profile: 'seid-2.0', revocation: 'soft', organization_namespaces: ['NTRNO'] },
    crl_urls: ['http://crl.test4.buypassca.com/BPCl3CaG2STBS.crl'],
  });
  const again = await as('operator', ...line);
  t.match([again.code, again.stderr], [0, /0 added, 2 unchanged, 0 failed/]);
});

t.test(
  'a certificate of nobody in the preset, a root, or a preset for another environment is refused before anything is sent',
  async (t) => {
    const before = (await as('operator', 'trust', 'list', '--all', '-o', 'name')).stdout;
    const good = await authority('good.der', ...BUYPASS);
    const cases: [number, RegExp, string, string][] = [
      [
        8,
        /"Buypass Class 3 Test4 CA G2 ST Business" by "Somebody" is no CA of norway-test/,
        'norway-test',
        await authority('a.der', BUYPASS[0], 'Somebody'),
      ],
      [8, /is no CA of norway-test/, 'norway-test', await authority('b.der', BUYPASS[1], BUYPASS[1])],
      [8, /is no CA of norway-test/, 'norway-test', await authority('c.der', `${BUYPASS[0]} `, BUYPASS[1])],
      [8, /is no CA of norway-production/, 'norway-production', good],
      [
        8,
        /norway-production is for production, and this server for test/,
        'norway-production',
        await authority('p.der', 'Commfides Legal Person - G3', 'Commfides Root CA - G3'),
      ],
      [6, /there is no preset sweden/, 'sweden', good],
      [6, /no such file/, 'norway-test', 'nowhere.pem'],
    ];
    for (const [code, reason, name, file] of cases) {
      const ended = await as('operator', 'trust', 'preset', 'add', name, '--certificate', file, '--yes');
      t.match([ended.code, ended.stderr], [code, reason]);
    }
    t.equal((await as('operator', 'trust', 'list', '--all', '-o', 'name')).stdout, before);
  },
);
