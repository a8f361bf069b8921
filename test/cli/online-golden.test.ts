import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { makeTestCa } from '../../fixtures/test-ca.ts';
import { ADMINISTRATORS, openOffice, type Role } from './administrators.ts';
import { type Mask, matchesGolden } from './golden.ts';
import { writeTrustFiles } from './trust-files.ts';

t.setTimeout(90_000);

const FORMATS = ['table', 'wide', 'json', 'yaml', 'csv', 'name'] as const;

/** Commands with the name of their golden files. What changes something is only judged, so that it comes out the same each time. */
const CASES: readonly (readonly [name: string, role: Role, line: string])[] = [
  ['org-list', 'operator', 'org list'],
  ['org-show', 'operator', 'org show 310555037'],
  ['org-create', 'operator', 'org create 310555061 --name Papir --admin-scope idporten:scopes.read --dry-run'],
  ['org-update', 'operator', 'org update 310555053 --add-scope idporten:dcr.read --dry-run'],
  ['org-disable', 'operator', 'org disable 310555053 --dry-run'],
  ['org-enable', 'operator', 'org enable 310555053 --dry-run'],
  ['org-lookup', 'operator', 'org lookup 310555037'],
  ['prefix-list', 'owner', 'prefix list'],
  ['prefix-assign', 'operator', 'prefix assign papir 310555053 --dry-run'],
  ['prefix-release', 'operator', 'prefix release tomt --dry-run'],
  ['scope-list', 'owner', 'scope list'],
  ['scope-show', 'owner', 'scope show prove:bygg.read'],
  ['scope-create', 'owner', 'scope create prove:ny.read --description Ny --dry-run'],
  ['scope-update', 'owner', 'scope update prove:bygg.read --max-age 60s --dry-run'],
  ['scope-disable', 'owner', 'scope disable prove:bygg.read --dry-run'],
  ['scope-enable', 'owner', 'scope enable prove:arkiv.read --dry-run'],
  ['scope-search', 'consumer', 'scope search bygg'],
  ['access-list', 'owner', 'access list prove:bygg.read'],
  ['access-grant', 'owner', 'access grant prove:bygg.read 310555045 --dry-run'],
  ['access-revoke', 'owner', 'access revoke prove:bygg.read 310555037 --dry-run'],
  ['access-check', 'owner', 'access check prove:bygg.read 310555037'],
  ['access-import', 'owner', 'access import orgs.txt --scope prove:bygg.read --dry-run'],
  ['access-export', 'owner', 'access export'],
  ['request-list', 'owner', 'request list'],
  ['request-show', 'owner', 'request show prove:vei.write 310555037'],
  ['request-approve', 'owner', 'request approve prove:vei.write 310555037 --dry-run'],
  ['request-deny', 'owner', 'request deny prove:vei.write 310555037 --reason nei --dry-run'],
  ['client-list', 'consumer', 'client list --limit 1'],
  ['client-show', 'consumer', 'client show demo-consumer'],
  ['client-create', 'consumer', 'client create ny --scope prove:bygg.read --client-id ny-1 --dry-run'],
  ['client-update', 'consumer', 'client update demo-certificate --lifetime 60s --dry-run'],
  ['client-disable', 'consumer', 'client disable demo-certificate --dry-run'],
  ['client-enable', 'consumer', 'client enable demo-disabled --dry-run'],
  ['client-test', 'consumer', 'client test demo-consumer --scope prove:bygg.read'],
  ['key-list', 'consumer', 'key list demo-consumer'],
  ['key-add', 'consumer', 'key add demo-certificate k.pub.jwk --dry-run'],
  ['key-rotate', 'consumer', 'key rotate demo-consumer --out k.pem --kid k-1 --dry-run'],
  ['key-remove', 'consumer', 'key remove demo-consumer demo-consumer-1 --dry-run'],
  ['cert-list', 'consumer', 'cert list demo-chain'],
  ['cert-add', 'consumer', 'cert add demo-certificate chain.pem --kid seal --dry-run'],
  ['cert-remove', 'consumer', 'cert remove demo-chain seal --dry-run'],
  ['cert-check', 'consumer', 'cert check chain.pem'],
  ['trust-list', 'operator', 'trust list'],
  ['trust-show', 'operator', 'trust show ca.pem'],
  ['trust-add', 'operator', 'trust add new-ca.pem --revocation off --dry-run'],
  ['trust-update', 'operator', 'trust update ca.pem --crl http://crl.example.no/ca.crl --dry-run'],
  ['trust-remove', 'operator', 'trust remove ca.pem --dry-run'],
  ['trust-refresh', 'operator', 'trust refresh'],
  ['trust-import', 'operator', 'trust import list.xml --signer signer.pem --dry-run'],
  ['trust-preset-list', 'operator', 'trust preset list'],
  ['trust-preset-show', 'operator', 'trust preset show norway-production'],
  ['trust-preset-add', 'operator', 'trust preset add norway-test --certificate norwegian-ca.pem --dry-run'],
  ['assertion-explain', 'consumer', 'assertion explain request.jwt'],
  ['ask', 'consumer', 'ask prove:vei.write'],
  ['login', 'consumer', 'login --client demo-consumer-admin --name again'],
  ['logout', 'consumer', 'logout --context bye-FORMAT'],
  ['whoami', 'consumer', 'whoami'],
  ['context-list', 'consumer', 'context list'],
  ['context-use', 'consumer', 'context use demo-consumer-admin'],
  ['context-show', 'consumer', 'context show --origin'],
  ['context-set', 'consumer', 'context set demo-owner-admin --org 310555029'],
  ['context-remove', 'consumer', 'context remove gone-FORMAT'],
  ['version', 'consumer', 'version'],
  ['doctor', 'consumer', 'doctor'],
];

/** What differs from run to run; the columns of a table are as wide as what is masked, so their distances are masked, too. */
const MASKS: readonly Mask[] = [
  [/http:\/\/localhost:\d+\//g, 'http://localhost:7300/'],
  [/\b[0-9a-f]{64}\b/g, 'SHA256'],
  [/\b[0-9a-f]{32}\b/g, '0123456789abcdef0123456789abcdef'],
  [/\b[0-9a-f]{16}\b/g, '0123456789abcdef'],
  [/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----(\\n|\n)?/g, 'PEM'],
  [/[\w-]{300,}={0,2}/g, 'BASE64'],
  [/[\w+/]{300,}={0,2}/g, 'BASE64'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '2026-01-01T00:00:00Z'],
  [/(in )?\d+ (second|minute|hour|day)s?( ago)?, \d{4}-\d\d-\d\d( \d\d:\d\d:\d\dZ?)?/g, 'A MOMENT AGO OR AHEAD'],
  [/\d{4}-\d\d-\d\d/g, '2026-01-01'],
  [/until \d{4}-\d\d/g, 'until 2026-01'],
  [/\b1[78]\d{8}\b/g, '1767225600'],
  [/\b\d s apart/g, '0 s apart'],
  [/\b[0-9A-F]{16,40}\b/g, 'SERIAL'],
  [/(bye|gone)-\w+/g, '$1'],
  [/portvakt-test-\w+/g, 'portvakt-test'],
  [/\b\d+\.\d+\.\d+\b/g, '1.2.3'],
  [/\b(linux|darwin|win32)-\w+/g, 'linux-x64'],
];

const WIDTHS: readonly Mask[] = [
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
];

t.test('each command that asks the self-service API prints its answer in every format', async (t) => {
  const { user, dev, batch } = await openOffice(t);
  await writeFile(join(user.home, 'orgs.txt'), '310555037\n310555045\n');
  const chain = join(dev.data_dir, 'clients/demo-chain.chain.pem');
  await prepare(chain);
  const lines = CASES.flatMap(([, role, line]) => FORMATS.map((format) => toArgs(role, line.replace('FORMAT', format), format)));
  const outcomes = await batch(lines);
  for (const [place, [name]] of CASES.entries()) {
    for (const [offset, format] of FORMATS.entries()) {
      const { code, stdout, stderr } = outcomes[place * FORMATS.length + offset] ?? { code: 1, stdout: '', stderr: 'no outcome' };
      t.equal(code, 0, `${name} ${format}: ${stderr}`);
      const text = stdout.replaceAll(user.home, '/home/someone');
      const masks = format === 'table' || format === 'wide' ? [...MASKS, ...WIDTHS] : MASKS;
      matchesGolden(t, `${name}.${format}`, { text, masks });
    }
  }

  async function prepare(chain: string): Promise<void> {
    const owner = ['--context', ADMINISTRATORS.owner];
    const consumer = ['--context', ADMINISTRATORS.consumer];
    const steps = await batch([
      ['prefix', 'assign', 'tomt', '310555053', '--context', ADMINISTRATORS.operator],
      ['scope', 'create', 'prove:vei.write', '--description', 'Endre veier', ...owner],
      ['ask', 'prove:vei.write', '--reason', 'avtale 2026/114', ...consumer],
      ['key', 'generate', '--out', 'k.pem', '--kid', 'k-1'],
      ['cert', 'add', 'demo-chain', chain, '--kid', 'seal', ...consumer],
      ...FORMATS.flatMap((format) =>
        ['bye', 'gone'].map((word) => ['login', '--client', 'demo-operator', '--name', `${word}-${format}`]),
      ),
      ['context', 'use', 'demo-consumer-admin'],
      ['assertion', 'create', '--client', 'demo-consumer', '--scope', 'prove:bygg.read', '--issuer', dev.issuer],
    ]);
    await writeFile(join(user.home, 'request.jwt'), steps.at(-1)?.stdout ?? '');
    for (const { code, stderr } of steps) t.equal(code, 0, stderr);
    await copyFile(chain, join(user.home, 'chain.pem'));
    const [, ca = ''] = (await readFile(chain, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/);
    await writeFile(join(user.home, 'ca.pem'), ca);
    await writeTrustFiles(user.home);
    await writeFile(join(user.home, 'new-ca.pem'), (await makeTestCa({ now: Date.now() / 1000 })).root.certificate.pem);
  }
});

function toArgs(role: Role, line: string, format: string): readonly string[] {
  const context = line.includes('--context') ? [] : ['--context', ADMINISTRATORS[role]];
  return [...line.split(' '), '-o', format, ...context];
}
