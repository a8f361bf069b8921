import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { ADMIN_SCOPES } from '../../server/core/admin-scopes.ts';
import type { AuditRecord } from '../../server/core/ports.ts';
import { sealMonth } from '../../server/registry/statistic-months.ts';
import { startApi } from '../selfservice/api.ts';
import { type Mask, matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

t.setTimeout(120_000);

const FORMATS = ['table', 'wide', 'json', 'yaml', 'csv', 'name'] as const;

/** A month in which nothing happened but what is told here. */
const WHEN = '--from 2001-02-01 --to 2001-03-01';
const CASES = [
  ['audit-list', `audit list ${WHEN}`],
  ['audit-tail', `audit tail -n 3 ${WHEN}`],
  ['stats-tokens', 'stats tokens --by scope --month 2001-02'],
  ['stats-refusals', 'stats refusals --month 2001-02'],
] as const;

/** After the month was sealed. */
const SEALED_CASES = [
  ['stats-months', 'stats months --from 2001-01 --to 2001-03'],
  ['report-month', 'report month 2001-02 --out february.html'],
] as const;

/** Where a record stands, and so its hash, hangs on what was written before it; how long ago it was, on the day. */
const MASKS: readonly Mask[] = [
  [/\b[0-9a-f]{64}\b/g, 'SHA256'],
  [/("sequence": |sequence: |audit\/)\d+/g, '$11'],
  [/^\d+(?=[ ,])/gm, '1'],
  [/\d+ days ago/g, '9000 days ago'],
];

const WIDTHS: readonly Mask[] = [
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
];

/** What differs in a report: where its server is, when it was made, and so how long it is, and what ends soon after. */
const MADE: readonly Mask[] = [
  ...MASKS,
  [/http:\/\/localhost:\d+\//g, 'http://localhost:7300/'],
  [/Made \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'Made 2026-01-01T00:00:00Z'],
  [/(\bbytes: |"bytes": |^BYTES +|february\.html,)\d+/gm, '$114000'],
];

const { operator, owner, consumer, supplier } = ORGANIZATIONS;
const at = (text: string): number => Date.parse(`2001-02-${text}Z`) / 1000;
const HAPPENED: readonly AuditRecord[] = [
  {
    ...{
      type: 'scope.changed',
      at: at('03T08:00:00'),
      correlationId: '1'.padStart(32, '0'),
      clientId: 'owner-1',
      orgno: owner.orgno,
    },
    details: {
      subject: 'scope/prove:bygg.read',
      before: { description: 'Bygg' },
      after: { description: 'Bygg, "alle"; og =1+1' },
    },
  },
  {
    ...{
      type: 'token.issuing',
      at: at('03T09:00:00'),
      correlationId: '2'.padStart(32, '0'),
      clientId: 'kunde-1',
      orgno: consumer.orgno,
    },
    details: {
      amr: 'private_key_jwt',
      scopes: ['prove:bygg.read', 'prove:kart.read'],
      consumer_orgno: consumer.orgno,
      lifetime: 120,
    },
  },
  {
    ...{
      type: 'token.issuing',
      at: at('04T10:00:00'),
      correlationId: '3'.padStart(32, '0'),
      clientId: 'lev-1',
      orgno: supplier.orgno,
    },
    details: {
      ...{ amr: 'private_key_jwt', scopes: ['prove:bygg.read'], lifetime: 120 },
      ...{ consumer_orgno: consumer.orgno, supplier_orgno: supplier.orgno },
    },
  },
  {
    ...{
      type: 'token.refused',
      at: at('04T11:00:00'),
      correlationId: '4'.padStart(32, '0'),
      clientId: 'lev-1',
      orgno: supplier.orgno,
    },
    details: {
      ...{ code: 'MP-251', scopes: ['prove:bygg.read'] },
      ...{ consumer_orgno: consumer.orgno, supplier_orgno: supplier.orgno },
    },
  },
  {
    ...{
      type: 'token.refused',
      at: at('04T12:00:00'),
      correlationId: '5'.padStart(32, '0'),
      clientId: 'kunde-1',
      orgno: consumer.orgno,
    },
    details: { code: 'MP-200', scopes: ['prove:kart.read'] },
  },
];

const user = await newUser(t);
await user.run(['key', 'generate', '--out', 'key.pem']);
const key = readPublicJwk(JSON.parse(await readFile(join(user.home, 'key.pub.jwk'), 'utf8')));
if ('flaw' in key) throw new Error(key.flaw);
const reader = {
  ...{ clientId: 'reader', name: 'reader', orgno: operator.orgno, active: true, integrationType: 'maskinporten' as const },
  ...{ scopes: [...ADMIN_SCOPES], accessTokenLifetime: 0, keys: [key] },
  details: { description: 'reader', token_endpoint_auth_method: 'private_key_jwt' },
};
const { server } = await startApi(t, {
  systemClock: true,
  world: (world) => ({ ...world, clients: [...world.clients, reader] }),
});
for (const record of HAPPENED) await server.storage.audit.append(record);
const login = ['login', '--server', server.issuer, '--name', 'reader', '--client-id', 'reader', '--key', 'key.pem'];
const { code, stderr } = await user.run(login);
if (code !== 0) throw new Error(`the reader could not log in: ${stderr}`);

async function printsGoldens(t: Test, cases: readonly (readonly [name: string, line: string])[], masks: readonly Mask[]) {
  for (const [name, line] of cases)
    for (const format of FORMATS) {
      const { code, stdout, stderr } = await user.run([...line.split(' '), '-o', format]);
      t.equal(code, 0, `${name} ${format}: ${stderr}`);
      const also = format === 'table' || format === 'wide' ? WIDTHS : [];
      matchesGolden(t, `${name}.${format}`, { text: stdout, masks: [...masks, ...also] });
    }
}

t.test('the audit and the statistics are printed in every format', (t) => printsGoldens(t, CASES, MASKS));

t.test('the months and the report of one that is sealed are printed in every format', async (t) => {
  while (await server.storage.statistics.fold()) await pause(0);
  const now = Date.parse('2001-03-03T00:00:00Z') / 1000;
  t.ok(await sealMonth(server.storage, { now, surelyPast: now, correlationId: '6'.padStart(32, '0') }));
  await printsGoldens(t, SEALED_CASES, MADE);
  const page = await readFile(join(user.home, 'february.html'), 'utf8');
  matchesGolden(t, 'report-month.html', { text: page, masks: MADE });
});
