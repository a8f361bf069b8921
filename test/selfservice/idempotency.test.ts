import t from 'tap';
import { DAY } from '../../server/core/time.ts';
import { refusedByApi, startApi } from './api.ts';

const OPERATOR = ['portvakt:operator'] as const;
const NEW = { orgno: '310555061', name: 'Påfunn AS' };
const ORGANIZATIONS = '/operator/organizations';
const key = (text: string) => ({ 'Idempotency-Key': text });

t.test('PV-SEC-088 a POST that comes again with its key is answered as the first time, and done once', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const first = await operator.post(ORGANIZATIONS, NEW, key('a'));
  t.equal(first.status, 200);
  server.clock.time += 30;
  const again = await operator.post(ORGANIZATIONS, { name: NEW.name, orgno: NEW.orgno, active: true }, key('a'));
  t.strictSame(again.body, first.body, 'also when the same is said in other words');
  t.equal(again.headers.get('etag'), first.headers.get('etag'));
  t.equal((await server.storage.audit.list(100)).filter(({ type }) => type === 'organization.created').length, 1);
  refusedByApi(t, await operator.post(ORGANIZATIONS, NEW), 'PV-609', 'orgno');
});

t.test('PV-SEC-088 the key with another body or at another address is refused: 422 idempotency_conflict', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  await operator.post(ORGANIZATIONS, NEW, key('a'));
  const other = await operator.post(ORGANIZATIONS, { ...NEW, name: 'Annet' }, key('a'));
  t.equal(other.status, 422);
  t.equal(other.body.error, 'idempotency_conflict');
  refusedByApi(t, other, 'PV-622');
  refusedByApi(t, await operator.post('/operator/prefixes', { prefix: 'vei', owner_orgno: '310555029' }, key('a')), 'PV-622');
  t.equal((await server.storage.organizations.find(NEW.orgno))?.name, NEW.name);
});

t.test('PV-SEC-088 of twenty with one key at once one is done, and all are answered alike', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const answers = await Promise.all(Array.from({ length: 20 }, () => operator.post(ORGANIZATIONS, NEW, key('a'))));
  t.same(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size, 1);
  t.equal((await server.storage.audit.list(100)).filter(({ type }) => type === 'organization.created').length, 1);
});

t.test('PV-SEC-088 what was refused is judged anew, and a key is forgotten after 24 hours', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const wish = { prefix: 'vei', owner_orgno: NEW.orgno };
  refusedByApi(t, await operator.post('/operator/prefixes', wish, key('a')), 'PV-601', 'owner_orgno');
  await operator.post(ORGANIZATIONS, NEW);
  t.equal((await operator.post('/operator/prefixes', wish, key('a'))).status, 200);
  server.clock.time += DAY - 1;
  const tomorrow = await as('operator', OPERATOR);
  t.equal((await tomorrow.post('/operator/prefixes', wish, key('a'))).status, 200);
  server.clock.time += 1;
  refusedByApi(t, await tomorrow.post('/operator/prefixes', wish, key('a')), 'PV-609', 'prefix');
});

t.test('PV-SEC-088 a key belongs to its client, and a dry run uses none up', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  t.equal((await operator.post(`${ORGANIZATIONS}?dry_run=true`, NEW, key('a'))).status, 200);
  t.equal(await server.storage.organizations.find(NEW.orgno), undefined);
  t.equal((await operator.post(ORGANIZATIONS, NEW, key('a'))).status, 200);
  const supplier = await as('supplier', ['idporten:dcr.write']);
  t.equal((await supplier.post('/scopes/access/requests', { scope: 'prove:bygg.read' }, key('a'))).status, 200);
});

t.test("PV-SEC-088 a key that is none is refused, and on the contract's resources a key is ignored", async (t) => {
  const { as } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  for (const wrong of ['a b', 'x'.repeat(256), '\u00e6'])
    refusedByApi(t, await operator.post(ORGANIZATIONS, NEW, key(wrong)), 'PV-601', 'Idempotency-Key');
  const owner = await as('owner', ['idporten:scopes.write']);
  const scope = { prefix: 'prove', subscope: 'vei', description: 'x' };
  t.equal((await owner.post('/scopes', scope, key('a'))).status, 200);
  refusedByApi(t, await owner.post('/scopes', scope, key('a')), 'PV-609', 'subscope');
});
