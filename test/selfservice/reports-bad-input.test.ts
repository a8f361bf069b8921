import t, { type Test } from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { type Answer, START, type Wishes } from '../token/server.ts';
import { startApi } from './api.ts';

// The audit and the statistics, asked by somebody who means no good, on both stores. PV-SEC-083, PV-SEC-089

const READ = ['portvakt:audit.read', 'portvakt:statistics.read'] as const;
const { supplier } = ORGANIZATIONS;
const LONG = 'x'.repeat(8192);

const ANYWHERE = [
  ...['limit=0', 'limit=-1', 'limit=1e9', 'limit=201', 'limit=1.5', 'limit=NaN', 'limit=', 'limit=Infinity', 'limit=%00'],
  ...['cursor=', 'cursor=%00', 'cursor=AAAA', `cursor=${'A'.repeat(64)}`, `cursor=${LONG}`, 'cursor=..%2F..'],
  ...['from=%00', 'from=now', 'from=2026', 'from=2026-02-30T00:00:00Z', 'to=2026-01-01T00:00:00', 'to=-1', `to=${LONG}`],
  ...['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z'],
  ...['limit=1&limit=2', 'nobody=1', '%ff=1', 'from=%ff', '__proto__=1', 'constructor=1'],
];

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  '/audit': [
    ...ANYWHERE,
    ...[`type=${LONG}`, `type=a.${'a'.repeat(8192)}`, 'type=%00', "type=a.b'", 'type=', 'type=a', 'type=a.b%00', 'subject='],
    ...[`subject=${LONG}`, 'after=-1', 'after=1e300', 'after=9007199254740993', 'after=%00'],
  ],
  '/statistics/tokens': [
    ...ANYWHERE,
    ...['by=%00', 'by=code%00', 'by=client_id', 'per=second', 'per=', 'of=all', 'by=client&of=scopes', `by=${LONG}`],
    ...['from=0000-01-01T00:00:00Z', 'per=hour&from=2025-01-01T00:00:00Z', 'from=2026-01-01T00:00:00Z&to=9999-12-31T23:59:59Z'],
    ...['to=0000-01-02T00:00:00Z', 'from=1969-12-31T22:30:00-01:00&to=1970-01-01T00:30:00Z'],
  ],
};

/** Odd, and an answer all the same. */
const ANSWERED: Readonly<Record<string, readonly string[]>> = {
  '/audit': [
    ...['from=0000-01-01T00:00:00Z', 'to=9999-12-31T23:59:59.999999999Z', 'from=9999-12-31T23:59:59Z', 'to=0000-01-01T00:00:00Z'],
    ...[
      'after=9007199254740991',
      'subject=%25',
      'subject=%00',
      'subject=a%00b',
      "subject='%20OR%201=1--",
      'subject=client/%F0%9F%94%91',
      'type=no.such',
    ],
    `subject=organization/${supplier.orgno}`,
  ],
  '/statistics/tokens': [...['to=9999-12-31T23:59:59Z', 'per=month&from=2016-01-01T00:00:00Z', 'by=code&of=scopes']],
};

async function attack(t: Test, wishes: Wishes): Promise<void> {
  const api = await startApi(t, wishes);
  const { audit } = api.server.storage;
  for (const n of [1, 2, 3])
    await audit.append({
      ...{ type: 'token.issuing', at: START + n, correlationId: `${n}`.padStart(32, '0'), clientId: `secret-${n}` },
      ...{ orgno: supplier.orgno, details: { scopes: ['prove:bygg.read'], note: '\0' } },
    });
  const caller = await api.as('consumer', READ);

  await t.test('each is refused with 400 and never with an error of ours', async (t) => {
    for (const [path, queries] of Object.entries(REFUSED))
      for (const query of queries) {
        const { status, body, text } = await caller.get(`${path}?${query}`);
        t.equal(status, 400, `${path}?${query.slice(0, 80)}: ${text.slice(0, 200)}`);
        t.match(body.error_uri, /\/errors\/PV-601$/);
        t.notOk(text.includes('xxxx'), 'nothing is said back');
      }
  });

  await t.test('what is odd and no mistake is answered, and shows nothing of another organisation', async (t) => {
    for (const [path, queries] of Object.entries(ANSWERED))
      for (const query of queries) {
        const answer = await caller.get(`${path}?${query}`);
        t.equal(answer.status, 200, `${path}?${query}: ${answer.text.slice(0, 200)}`);
        t.notMatch(answer.text, new RegExp(`secret-|${supplier.orgno}`), query);
      }
  });

  await t.test('a cursor of another caller, list or filter is none', async (t) => {
    const others = await api.as('supplier', READ);
    const cursorOf = (answer: Answer): string => /[?&](cursor=[^&>]+)/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    const [theirs, own] = await Promise.all([others, caller].map(async (each) => cursorOf(await each.get('/audit?limit=1'))));
    t.match([theirs, own], [/^cursor=./, /^cursor=./]);
    t.equal((await caller.get(`/audit?limit=1&${own}`)).status, 200);
    for (const path of [
      `/audit?limit=1&${theirs}`,
      `/audit?limit=1&type=a.b&${own}`,
      `/statistics/tokens?${own}`,
      `/audit?${own}A`,
    ])
      t.equal((await caller.get(path)).status, 400, path);
  });

  await t.test('who has no token, another scope, or acts for another is not let in', async (t) => {
    for (const path of Object.keys(REFUSED)) {
      t.equal((await api.nobody.get(path)).status, 401);
      t.equal((await (await api.as('consumer', ['idporten:dcr.read'])).get(path)).status, 403);
    }
  });
}

t.test('on SQLite', (t) => attack(t, {}));

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else
  t.test('on PostgreSQL', async (t) => {
    const places = await postgresPlaces(t);
    await attack(t, { config: { store: { location: await places.location() } } });
  });
