import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { ADMIN_SCOPES } from '../../server/core/admin-scopes.ts';
import type { AuditRecord } from '../../server/core/ports.ts';
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

t.test('the audit and the statistics are printed in every format', async (t) => {
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
  const login = await user.run([
    'login',
    '--server',
    server.issuer,
    '--name',
    'reader',
    '--client-id',
    'reader',
    '--key',
    'key.pem',
  ]);
  t.equal(login.code, 0, login.stderr);
  for (const [name, line] of CASES)
    for (const format of FORMATS) {
      const { code, stdout, stderr } = await user.run([...line.split(' '), '-o', format]);
      t.equal(code, 0, `${name} ${format}: ${stderr}`);
      const masks = format === 'table' || format === 'wide' ? [...MASKS, ...WIDTHS] : MASKS;
      matchesGolden(t, `${name}.${format}`, { text: stdout, masks });
    }
});
