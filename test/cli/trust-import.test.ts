import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { oid, sequence } from '../keys/encode.ts';
import { commonName, enterprise, extension, makeLeaf, makeRoot, organizationIdentifier } from '../keys/pki.ts';
import { type ListOrder, listXml, makeSigner, type ServiceOrder, signList } from '../trusted-list/lists.ts';
import { openOffice } from './administrators.ts';
import { pem } from './trust-files.ts';

t.setTimeout(90_000);

const { user, as } = await openOffice(t);

const now = Math.floor(Date.now() / 1000);
const DAY = 86_400;
const valid = { notBefore: now - DAY, notAfter: now + 30 * DAY };
const makeCa = (title: string) => makeRoot(title, valid);
const signer = makeSigner('list signer', 2048, now + 30 * DAY);
const stranger = makeSigner('another signer', 2048, now + 30 * DAY);
const [ca, second] = [makeCa('Seals One'), makeCa('Seals Two')];

/** It is for seals, and qualified. ETSI EN 319 412-5 §4.2 */
const SEAL_STATEMENTS = extension.of(
  '1.3.6.1.5.5.7.1.3',
  sequence(sequence(oid('0.4.0.1862.1.1')), sequence(oid('0.4.0.1862.1.6'), sequence(oid('0.4.0.1862.1.6.2')))),
);

const granted = (...certificates: readonly Buffer[]): ServiceOrder => ({ certificates, since: now - DAY });

async function write(name: string, text: string | Buffer): Promise<string> {
  await writeFile(join(user.home, name), text);
  return name;
}

/** Writes a signed list. */
async function list(name: string, services: readonly ServiceOrder[], order: ListOrder = {}): Promise<string> {
  const xml = listXml({ issued: now - DAY, nextUpdate: now + 30 * DAY, ...order, services });
  return write(name, signList(xml, signer));
}

await write('signer.der', signer.der);
await write('stranger.pem', pem(stranger.der));

const SIGNED_BY = ['--signer', 'signer.der', '--yes'];

async function importing(file: string, ...more: readonly string[]) {
  const { code, stdout, stderr } = await as('operator', 'trust', 'import', file, ...SIGNED_BY, ...more, '-o', 'json');
  const items: readonly Record<string, unknown>[] = stdout === '' ? [] : JSON.parse(stdout).items;
  return { code, items, stderr, results: items.map(({ result, subject }) => `${result} ${subject}`.trim()) };
}

async function trusted(): Promise<readonly Record<string, unknown>[]> {
  return JSON.parse((await as('operator', 'trust', 'list', '--all', '-o', 'json')).stdout).items;
}

t.test('a list is imported, imported again without a change, and what it withdraws is named and then pruned', async (t) => {
  const file = await list('se.xml', [granted(ca.der), granted(second.der)]);
  const before = (await trusted()).length;

  const tried = await importing(file, '--dry-run');
  t.match([tried.code, tried.results], [0, ['added CN=Seals One', 'added CN=Seals Two']], tried.stderr);
  t.match(tried.stderr, /list 7 of SE by Made-up Authority, issued /);
  t.match(tried.stderr, /left out: VATSE, PSDSE, which this server does not know; certificates\.name_spaces/);
  t.match(tried.stderr, /dry run, nothing is stored: 2 added/);
  t.equal((await trusted()).length, before);

  const first = await importing(file, '--revocation', 'grace', '--country', 'SE', '--environment', 'test');
  t.equal(first.code, 0, first.stderr);
  t.match(first.stderr, /\+ [0-9a-f]{16} {2}CN=Seals One \(Påhittad Tillit AB\)/);
  t.match(first.stderr, /2 of them: where is their revocation list\?[\s\S]*portvakt trust update [0-9a-f]{16} --crl URL/);
  const entries = (await trusted()).filter(({ subject }) => /Seals (One|Two)/.test(String(subject)));
  const expected = { role: 'anchor', profile: 'eidas-seal', environment: 'test', revocation: 'grace' };
  t.match(entries, Array(2).fill({ ...expected, organization_namespaces: ['NTRSE'] }));

  const again = await importing(file);
  t.match([again.code, again.results], [0, ['unchanged CN=Seals One', 'unchanged CN=Seals Two']]);

  const later = await list('later.xml', [granted(ca.der), { ...granted(second.der), status: 'withdrawn' }]);
  const named = await importing(later);
  t.match([named.code, named.results], [0, ['unchanged CN=Seals One', 'withdrawn CN=Seals Two']]);
  t.equal((await trusted()).length, before + 2);
  const pruned = await importing(later, '--prune');
  t.match([pruned.code, pruned.results], [0, ['unchanged CN=Seals One', 'removed CN=Seals Two']]);
  t.match(pruned.items[1], { message: 'its status is withdrawn' });
  t.equal((await trusted()).length, before + 1);

  const gone = await importing(await list('empty.xml', []), '--prune');
  t.match([gone.code, gone.results.length > 0], [0, true]);
  t.ok(gone.results.every((result) => /^not listed \S+=/.test(result)));
  t.equal((await trusted()).length, before + 1, 'what a list no longer names is left alone');
});

t.test(
  'PV-SEC-050 a seal below an imported CA is accepted for an organisation of its country, and for no other one',
  async (t) => {
    const own = makeCa('Seals with clients');
    const file = await list('clients.xml', [granted(own.der)]);
    t.equal((await importing(file, '--revocation', 'off')).code, 0);
    const seal = async (identifier: string) => {
      const subject = enterprise(organizationIdentifier(identifier));
      const extensions = [extension.keyUsage(1), SEAL_STATEMENTS];
      await write('seal.pem', pem(makeLeaf(own, { ...valid, subject, extensions })));
      const { code, stdout } = await as('operator', 'cert', 'check', 'seal.pem', '-o', 'json');
      const { organization, client_amr, rule } = JSON.parse(stdout);
      return [code, organization, client_amr, rule];
    };
    t.same(await seal('NTRSE-5560000001'), [0, '0007:5560000001', 'QCForESeal', null]);
    t.same(await seal('NTRNO-310555037'), [9, null, null, 'organization']);
  },
);

t.test('addresses that the list names are taken over, and no warning is needed then', async (t) => {
  const own = makeCa('Seals with a responder');
  const responder = makeLeaf(own, { ...valid, subject: commonName('responder') });
  const status = 'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/';
  const services = [
    granted(own.der),
    { ...granted(responder), type: `${status}OCSP/QC`, supplyPoints: ['http://ocsp.example.se/'] },
  ];
  const { code, items, stderr } = await importing(await list('ocsp.xml', services), '--revocation', 'require');
  const [added] = items.filter(({ result }) => result === 'added');
  t.match([code, added], [0, { subject: 'CN=Seals with a responder', ocsp_url: 'http://ocsp.example.se/' }], stderr);
  t.notMatch(stderr, /where is their revocation list/);
});

t.test('what the server refuses does not stop the others, and the command ends with 8', async (t) => {
  const weak = makeRoot('Weak CA', { ...valid, extensions: [] });
  const leaf = makeLeaf(ca, valid);
  const better = makeCa('Seals Three');
  const noSigning = makeRoot('Ca without keyCertSign', { ...valid, extensions: [extension.ca(), extension.keyUsage(6)] });
  const file = await list('mixed.xml', [granted(weak.der), granted(leaf), granted(noSigning.der), granted(better.der)]);
  const { code, results, items, stderr } = await importing(file);
  t.equal(code, 8, stderr);
  t.match(results.slice(0, 4), ['left out CN=Weak CA', /^left out /, 'failed CN=Ca without keyCertSign', 'added CN=Seals Three']);
  t.match(items[2], { message: /certificate: cannot be used/ });
});

t.test(
  'a list that its signer did not sign, of another country, ended, or withheld from a test server, is not taken',
  async (t) => {
    const file = await list('good.xml', [granted(ca.der)]);
    const ended = await list('ended.xml', [granted(ca.der)], { nextUpdate: now - 60 });
    const old = makeSigner('retired signer', 2048, now - 60);
    await write('old.der', old.der);
    const xml = listXml({ issued: now - DAY, nextUpdate: now + DAY, services: [granted(ca.der)] });
    const cases: [number, RegExp, readonly string[]][] = [
      [9, /signature: one that does not fit/, [file, '--signer', 'stranger.pem']],
      [9, /territory: SE/, [file, '--signer', 'signer.der', '--country', 'NO', '--country', 'DK']],
      [9, /expired: [\s\S]*--allow-expired/, [ended, '--signer', 'signer.der']],
      [9, /signer: .*not valid now/, [await write('retired.xml', signList(xml, old)), '--signer', 'old.der']],
      [8, /this server is for test/, [file, '--signer', 'signer.der', '--environment', 'production']],
      [
        8,
        /xml: .*DTD/,
        [await write('dtd.xml', signList(xml, signer).replace('?>', '?><!DOCTYPE x>')), '--signer', 'signer.der'],
      ],
      [
        8,
        /size: more than 16777216 bytes/,
        [await write('large.xml', Buffer.alloc(20 * 1024 * 1024, ' ')), '--signer', 'signer.der'],
      ],
      [
        8,
        /list_type/,
        [
          await list('lotl.xml', [], { type: 'http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists' }),
          '--signer',
          'signer.der',
        ],
      ],
      [8, /signer\.txt/, [file, '--signer', await write('signer.txt', 'nothing')]],
      [6, /no such file/, ['nowhere.xml', '--signer', 'signer.der']],
      [6, /no such file/, [file, '--signer', 'nobody.pem']],
      [2, /--signer/, [file]],
    ];
    const before = await trusted();
    for (const [code, reason, line] of cases) {
      const ended = await as('operator', 'trust', 'import', ...line, '--yes');
      t.equal(ended.code, code, `${line.join(' ')}: ${ended.stderr}`);
      t.match(ended.stderr, reason);
      t.equal(ended.stdout, '');
    }
    t.same(await trusted(), before);
    t.equal((await importing(ended, '--allow-expired')).code, 0);
  },
);

t.test('without --yes and without a terminal nothing is changed; where there is nothing to change nobody is asked', async (t) => {
  const fresh = makeCa('Seals Four');
  const line = (file: string) => as('operator', 'trust', 'import', file, '--signer', 'signer.der');
  const asked = await line(await list('fresh.xml', [granted(fresh.der)]));
  t.match([asked.code, asked.stderr], [2, /CAs that are trusted: 1\. That is asked first[\s\S]*add --yes/]);
  t.equal((await trusted()).filter(({ subject }) => subject === 'CN=Seals Four').length, 0);
  t.equal((await line(await list('known.xml', [granted(ca.der)]))).code, 0);
});

t.test('what a certificate says cannot write on the terminal', async (t) => {
  const coloured = makeRoot('Coloured', { ...valid, subject: commonName('Seals \u001b[31m red\u009b') });
  const file = await list('coloured.xml', [granted(coloured.der)]);
  const { stdout, stderr } = await as('operator', 'trust', 'import', file, '--signer', 'signer.der', '--dry-run');
  t.notMatch(stdout + stderr, /[\u001b\u009b]\[?31m/);
  t.match(stderr, /CN=Seals \\x1b\[31m red\\x9b/);
});

t.test('only the operator may', async (t) => {
  const { code } = await as('owner', 'trust', 'import', await list('owner.xml', [granted(ca.der)]), ...SIGNED_BY);
  t.equal(code, 5);
});
