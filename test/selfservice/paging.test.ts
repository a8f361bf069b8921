import t from 'tap';
import { isNorwegianNumber } from '../../server/core/organization.ts';
import type { Storage } from '../../server/core/ports.ts';
import { createCursors } from '../../server/selfservice/cursors.ts';
import type { Answer } from '../token/server.ts';
import { type ApiCaller, items, refusedByApi, startApi } from './api.ts';

const OPERATOR = ['portvakt:operator'] as const;
const numbers = Array.from({ length: 3000 }, (_, place) => `${310700000 + place}`).filter(isNorwegianNumber);

/** As many further organisations. */
async function addOrganizations(storage: Storage, count: number): Promise<void> {
  await storage.transaction(async ({ organizations }) => {
    for (const orgno of numbers.slice(0, count))
      await organizations.put({ orgno, name: `Org ${orgno}`, active: true, adminScopes: [], created: 0, lastUpdated: 0 });
  });
}

/** The address of the next page as the Link header has it, below the base. RFC 8288 */
function next({ headers }: Answer): string | undefined {
  const [, path] = /^<\/api\/v1([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
  return path;
}

async function walk(caller: ApiCaller, path: string): Promise<{ keys: unknown[]; pages: number[] }> {
  const keys: unknown[] = [];
  const pages: number[] = [];
  for (let address: string | undefined = path; address !== undefined; ) {
    const answer: Answer = await caller.get(address);
    keys.push(...items(answer).map(({ orgno }) => orgno));
    pages.push(items(answer).length);
    address = next(answer);
  }
  return { keys, pages };
}

t.test('PV-SEC-089 a list of our own comes in pages of 50, or as many as wanted up to 200', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  await addOrganizations(server.storage, 214);
  const all = (await server.storage.organizations.list()).map(({ orgno }) => orgno);
  t.equal(all.length, 220);
  for (const [query, pages] of [
    ['', [50, 50, 50, 50, 20]],
    ['?limit=200', [200, 20]],
    ['?limit=110', [110, 110]],
    ['?limit=1', Array(220).fill(1)],
  ] as const) {
    const walked = await walk(operator, `/operator/organizations${query}`);
    t.same(walked.pages, pages, query);
    t.same(walked.keys, all, 'each once, in order');
  }
  for (const limit of ['0', '201', '-1', '1.5', 'all', ''])
    refusedByApi(t, await operator.get(`/operator/organizations?limit=${limit}`), 'PV-601', 'limit');
});

t.test('PV-SEC-089 a row that goes or comes between two pages makes no other be passed over or shown twice', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const trusted = async () => (await server.storage.trust.list()).map(({ id }) => id);
  const [example] = await server.storage.trust.list();
  if (!example) throw new Error('the world has trust');
  await server.storage.transaction(async ({ trust }) => {
    for (const digit of 'abcdef') await trust.put({ ...example, id: digit.repeat(64) });
  });
  const before = await trusted();
  const first = await operator.get('/operator/trust?limit=5');
  const shown = items(first).map(({ id }) => id);
  await server.storage.transaction(async ({ trust }) => trust.remove(`${shown.at(-1)}`));
  await server.storage.transaction(async ({ trust }) => trust.put({ ...example, id: '0'.repeat(64) }));
  const rest = items(await operator.get(next(first) ?? '')).map(({ id }) => id);
  t.same([...shown, ...rest], before);
});

t.test('PV-SEC-089 a cursor is good for one list of one caller alone, and cannot be made', async (t) => {
  const { as, server, bearing } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  await addOrganizations(server.storage, 60);
  const address = next(await operator.get('/operator/organizations')) ?? '';
  const cursor = new URLSearchParams(address.split('?')[1]).get('cursor') ?? '';
  t.equal((await operator.get(`/operator/organizations?cursor=${cursor}`)).status, 200);
  t.equal((await bearing(operator.token).get(`/operator/organizations?limit=7&cursor=${cursor}`)).status, 200, 'of any length');
  const tampered = Buffer.from(cursor, 'base64url');
  tampered[20] = (tampered[20] ?? 0) ^ 1;
  const forged = Buffer.concat([Buffer.alloc(16), Buffer.from('310555037')]).toString('base64url');
  for (const wrong of [tampered.toString('base64url'), forged, cursor.slice(0, 10), 'x', '%20', 'ø'])
    refusedByApi(t, await operator.get(`/operator/organizations?cursor=${wrong}`), 'PV-601', 'cursor');
  refusedByApi(t, await operator.get(`/operator/prefixes?cursor=${cursor}`), 'PV-601', 'cursor');
  const requests = await as('operator', ['idporten:dcr.write']);
  refusedByApi(t, await requests.get(`/scopes/access/requests?cursor=${cursor}`), 'PV-601', 'cursor');
});

t.test('PV-SEC-089 a cursor belongs to secret, address, caller and filter together', async (t) => {
  const secret = Buffer.alloc(32, 1);
  const list = { path: '/a', orgno: '1', filter: { inactive: true } };
  const cursor = createCursors(secret, list).seal('øst');
  t.equal(createCursors(secret, list).open(cursor), 'øst');
  for (const other of [
    createCursors(Buffer.alloc(32, 2), list),
    createCursors(secret, { ...list, path: '/b' }),
    createCursors(secret, { ...list, orgno: '2' }),
    createCursors(secret, { ...list, filter: {} }),
  ])
    t.throws(() => other.open(cursor), { code: 'PV-601' });
});
