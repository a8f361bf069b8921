import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { ADMIN_SCOPES, type AdminScope } from '../../server/core/admin-scopes.ts';
import type { AuditRecord } from '../../server/core/ports.ts';
import { startApi } from '../selfservice/api.ts';
import { newUser } from './portvakt.ts';

t.setTimeout(120_000);

const { operator, owner, consumer, supplier } = ORGANIZATIONS;
const at = (text: string): number => Date.parse(`2001-${text}Z`) / 1000;
const EVIL = '<script>alert("1")</script>';
const SCOPE = `prove:"><img src=x onerror=alert(1)>`;

const issued = (when: string, details: object, orgno: string = consumer.orgno): AuditRecord => ({
  ...{ type: 'token.issuing', at: at(when), correlationId: '0'.repeat(32), clientId: 'kunde-1', orgno },
  details: { consumer_orgno: consumer.orgno, scopes: ['prove:bygg.read'], ...details },
});

/** Two months of which everything is told here. */
const HAPPENED: readonly AuditRecord[] = [
  issued('01-03T09:00:00', {}),
  issued('02-03T09:00:00', {}),
  issued('02-03T09:00:00', { scopes: [SCOPE] }),
  issued('02-04T09:00:00', { supplier_orgno: supplier.orgno }, supplier.orgno),
  { ...issued('02-05T09:00:00', { code: 'MP-250' }), type: 'token.refused' },
  { ...issued('02-06T09:00:00', { subject: `scope/${EVIL}` }, owner.orgno), type: 'scope.changed' },
];

const user = await newUser(t);
await user.run(['key', 'generate', '--out', 'key.pem']);
const key = readPublicJwk(JSON.parse(await readFile(join(user.home, 'key.pub.jwk'), 'utf8')));
if ('flaw' in key) throw new Error(key.flaw);
const reader = (clientId: string, orgno: string, scopes: readonly AdminScope[]) => ({
  ...{ clientId, name: EVIL, orgno, active: true, integrationType: 'maskinporten' as const },
  ...{ scopes, accessTokenLifetime: 0, keys: [key] },
  details: { description: clientId, token_endpoint_auth_method: 'private_key_jwt' },
});
const { server } = await startApi(t, {
  systemClock: true,
  world: (world) => ({
    ...world,
    organizations: world.organizations.map((each) => (each.orgno === consumer.orgno ? { ...each, name: EVIL } : each)),
    clients: [
      ...world.clients,
      reader('all', operator.orgno, [...ADMIN_SCOPES]),
      reader('owner', owner.orgno, ['portvakt:statistics.read']),
    ],
  }),
});
for (const record of HAPPENED) await server.storage.audit.append(record);
const minute = at('02-10T12:00:00');
await server.storage.readiness.add([
  { minute, found: '+' },
  { minute: minute + 60, found: '-' },
]);
for (const id of ['all', 'owner']) {
  const login = ['login', '--server', server.issuer, '--name', id, '--client-id', id, '--key', 'key.pem'];
  const { code, stderr } = await user.run(login);
  if (code !== 0) throw new Error(`${id} could not log in: ${stderr}`);
}
const report = (...args: string[]) => user.run(['report', 'month', ...args]);

/** What a person reads of a page, row by row. */
const rows = (page: string): readonly string[] =>
  [...page.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) => row.replace(/<\/t[dh]>/g, '|').replace(/<[^>]+>/g, ''));

t.test(
  'the operator’s report of a month tells what was used, by whom, why not, whether the server was up, and what changed',
  async (t) => {
    const made = await report('2001-02', '--out', 'february.html', '-o', 'json', '--context', 'all');
    t.equal(made.code, 0, made.stderr);
    const page = await readFile(join(user.home, 'february.html'), 'utf8');
    t.match(JSON.parse(made.stdout), { month: '2001-02', state: 'over', file: 'february.html', bytes: Buffer.byteLength(page) });
    for (const row of [
      ...['2001-02|3|1|', '2001-01|1|0|', 'Jan|1|', 'Feb|3|', 'Mar|–|', 'prove:bygg.read|2|1|0|3|0|1|'],
      ...[`${supplier.orgno}|Demo Integrasjon AS|1|33.3\u00a0%|0|`, 'MP-250|'],
      ...['2001-02|0.003\u00a0%|1|0|1|', '2001-02-10|', 'scope.changed|1|'],
    ])
      t.ok(
        rows(page).some((text) => text.startsWith(row)),
        row,
      );
    t.match(page, /The month is over and not sealed yet/);
  },
);

t.test('a report is one file without scripts and addresses, and whatever came from outside is text in it', async (t) => {
  const { code, stdout: page, stderr } = await report('2001-02', '--context', 'all');
  t.equal(code, 0, stderr);
  t.ok(page.includes('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;'), 'a name is shown as it is');
  t.ok(page.includes('&#60;img src=x onerror=alert(1)&#62;'), 'and so is a scope');
  t.notMatch(page, /<script|<img|<link|<iframe|\s(?:src|href|style|on[a-z]+)="|url\(/i);
  t.match(
    page,
    /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'">/,
  );
  const open = (name: string) => [...page.matchAll(new RegExp(`<${name}[ >]`, 'g'))].length;
  const closed = (name: string) => page.split(`</${name}>`).length - 1;
  for (const name of ['section', 'table', 'caption', 'svg', 'figure', 'details', 'p', 'tr', 'code'])
    t.equal(open(name), closed(name), name);
  t.equal(open('caption'), open('table'), 'every table has a caption');
  t.equal(
    page.match(/<svg [^>]*role="img" aria-labelledby="([^ ]+) [^"]+">\s*<title id="\1">[^<]+<\/title>/g)?.length,
    open('svg'),
  );
  t.notMatch(page, /<th(?! scope="(?:col|row)")[ >]/, 'every heading says of what');
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  t.equal(new Set(ids).size, ids.length, 'no id stands there twice');
});

t.test(
  'an owner’s report tells of its scopes and its own use, and names what the client may not read (PV-SEC-083)',
  async (t) => {
    const { code, stdout: page, stderr } = await report('2001-02', '--context', 'owner');
    t.equal(code, 0, stderr);
    t.match(page, /<h2 id="scopes">Your APIs<\/h2>[\s\S]*<h2 id="own">What you used<\/h2>/);
    t.ok(rows(page).includes('prove:bygg.read|2|1|0|3|0|1|'));
    t.notOk(page.includes('&#60;img'), 'a scope that is nobody’s is not shown');
    t.match(page, /The changes are not shown: the client that made this report has no scope <code>portvakt:audit\.read<\/code>/);
    t.match(page, /What ends is not shown/);
  },
);

t.test(
  'a month that has not ended is refused, or made with a clear mark; one to come and what is no month are refused',
  async (t) => {
    const [now, next] = [0, 40].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 7)) as [
      string,
      string,
    ];
    t.match(await report(now, '--context', 'all'), { code: 8, stdout: '', stderr: /has not ended[\s\S]*--until-now/ });
    t.match(await report(now, '--until-now', '--context', 'all'), {
      code: 0,
      stdout: /<strong>Until now:<\/strong> the month has not ended/,
    });
    t.match(await report(next, '--until-now', '--context', 'all'), { code: 8, stderr: /has not begun/ });
    for (const wrong of ['2026-13', '0000-01', '1969-12', '2026', 'november']) t.match(await report(wrong), { code: 2 });
  },
);
