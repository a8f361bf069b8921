import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { START } from '../token/server.ts';
import { items, refusedByApi, startApi } from './api.ts';

const { consumer, supplier, owner } = ORGANIZATIONS;
const READ = 'portvakt:audit.read';
const api = await startApi(t);
const { server } = api;
const { audit } = server.storage;
const record = (n: number, orgno: string, details: object = {}) => ({
  ...{ type: 'token.issuing', at: START + n, correlationId: `${n}`.padStart(32, '0'), clientId: `client-${n}`, orgno },
  details: { ...details },
});
const acted = { consumer_orgno: consumer.orgno, supplier_orgno: supplier.orgno, scopes: ['prove:bygg.read'] };
await audit.append(record(1, supplier.orgno, acted));
await audit.append(record(2, owner.orgno, { note: `mentions ${consumer.orgno}` }));
await audit.append({
  ...record(3, owner.orgno, { subject: `organization/${consumer.orgno}`, after: { active: true } }),
  type: 'organization.changed',
});

t.test('an organisation reads what it did and what was done in its name, newest first, and no more', async (t) => {
  const all = items(await (await api.as('consumer', [READ])).get('/audit'));
  t.ok(all.every(({ actor, details, subject }) => JSON.stringify([actor, details, subject]).includes(consumer.orgno)));
  t.same(
    all.map(({ sequence }) => sequence).toSorted((a, b) => Number(b) - Number(a)),
    all.map(({ sequence }) => sequence),
  );
  t.notOk(
    all.some(({ details }) => JSON.stringify(details).includes('mentions')),
    'a number somewhere in the text is not enough',
  );
  const byOthers = all.find(({ correlation_id }) => correlation_id === '1'.padStart(32, '0'));
  t.match(byOthers, { actor: { orgno: supplier.orgno }, details: { consumer_orgno: consumer.orgno }, hash: /^[0-9a-f]{64}$/ });
  t.notOk(JSON.stringify(byOthers).includes('client-1'), 'PV-SEC-083 which client it was is the business of those who own it');
  t.match(items(await (await api.as('supplier', [READ])).get('/audit?subject=client/client-1')), [
    { actor: { client_id: 'client-1' } },
  ]);
  t.match(items(await (await api.as('consumer', [READ])).get('/audit?type=organization.changed')), [{ after: { active: true } }]);
});

t.test('the operator reads everything, by time, type and subject', async (t) => {
  const operator = await api.as('operator', [READ]);
  t.match(
    items(await operator.get('/audit?from=2026-01-01T00:00:01Z&to=2026-01-01T00:00:03Z')).map(({ actor }) => actor),
    [
      { orgno: owner.orgno, client_id: 'client-2' },
      { orgno: supplier.orgno, client_id: 'client-1' },
    ],
  );
  t.same(items(await operator.get('/audit?type=no.such')), []);
  const [newest, before] = items(await operator.get('/audit?limit=2')).map(({ sequence }) => Number(sequence));
  const since = async (sequence: unknown) =>
    items(await operator.get(`/audit?after=${sequence}`)).map((record) => record.sequence);
  t.same([await since(before), await since(newest)], [[newest], []], 'what has come since a record');
  const changes = items(await operator.get('/audit?kind=changes&limit=200')).map(({ type }) => `${type}`);
  t.ok(changes.includes('organization.changed') && !changes.some((type) => type.startsWith('token.')), 'changes alone');
});

t.test('PV-SEC-089 its pages follow one another without a gap, and a cursor is of one list and caller', async (t) => {
  for (const who of ['operator', 'consumer'] as const) {
    const reader = await api.as(who, [READ]);
    const whole = items(await reader.get('/audit?limit=200')).map(({ sequence }) => Number(sequence));
    for (const limit of [1, 2]) {
      const seen: number[] = [];
      let path: string | undefined = `/audit?limit=${limit}`;
      while (path !== undefined) {
        const page = await reader.get(path);
        seen.push(...items(page).map(({ sequence }) => Number(sequence)));
        path = /<[^>]*(\/audit\?[^>]*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      }
      t.same(seen, whole, `${who}, ${limit} a page`);
    }
  }
  const { headers } = await (await api.as('operator', [READ])).get('/audit?limit=2');
  const cursor = /cursor=([^&>]+)/.exec(headers.get('link') ?? '')?.[1];
  refusedByApi(t, await (await api.as('consumer', [READ])).get(`/audit?limit=2&cursor=${cursor}`), 'PV-601');
});

t.test('wishes that make no sense are refused, each by its field', async (t) => {
  const operator = await api.as('operator', [READ]);
  for (const wrong of [
    'from=yesterday',
    'type=%27',
    'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
    'limit=0',
    'after=-1',
    'actor=x',
    'kind=tokens',
    'subject=',
  ])
    refusedByApi(t, await operator.get(`/audit?${wrong}`), 'PV-601');
  refusedByApi(t, await (await api.as('consumer', ['idporten:dcr.read'])).get('/audit'), 'PV-641');
});

t.test('an organisation takes its own records out, word for word among the checkpoints', async (t) => {
  await audit.seal(START + 10);
  const { text } = await (await api.as('supplier', [READ])).get('/audit/export');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.ok(lines.some(({ checkpoint }) => checkpoint));
  const records = lines.filter(({ hash }) => hash);
  t.ok(records.length > 0 && records.every(({ orgno }) => orgno === supplier.orgno));
});
