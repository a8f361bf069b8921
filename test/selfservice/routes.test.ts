import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import type { World } from '../../fixtures/world.ts';
import { ADMIN_SCOPES, type AdminScope, OPERATOR_SCOPE } from '../../server/core/admin-scopes.ts';
import { selfservice } from '../../server/selfservice/mount.ts';
import type { Route } from '../../server/selfservice/route.ts';
import { router } from '../../server/selfservice/router.ts';
import { routes } from '../../server/selfservice/routes.ts';
import type { Answer } from '../token/server.ts';
import { type ApiCaller, adminOf, type Part, refusedByApi, sameEachTime, startApi, type TestApi } from './api.ts';
import { DELEGATION, type Example, examples, REFUSAL, SOURCE, SYSTEM } from './route-examples.ts';

/** How many calls were made in this file, and how many of them were refused. */
const walked = { calls: 0, refused: 0 };
t.teardown(() => {
  const count = `${routes.length} routes: ${walked.calls} calls by every role, ${walked.refused} of them refused`;
  t.comment(count);
  process.stdout.write(`# ${count}\n`);
});

function count(answer: Answer): Answer {
  walked.calls++;
  if (answer.status !== 200) walked.refused++;
  return answer;
}

/** A route's name, and its address with something in every place. */
const name = ({ method, path }: Route): string => `${method} ${path}`;
const address = ({ path }: Route): string => path.replace(/\{[A-Za-z_]+\}/g, '310555037');
const guarded = routes.filter(({ scopes }) => scopes !== 'public');

/** Those that speak of one object, in the path or the query; where the scope is a filter, there is nothing to be found or not. */
const FILTERED = new Set(['/scopes/access', '/delegations']);
const addressed = guarded.filter(({ path, query }) => path.includes('{') || ('scope' in query.shape && !FILTERED.has(path)));

/** Calls the route without changing anything. */
async function call(caller: ApiCaller, route: Route, path = address(route), body?: unknown): Promise<Answer> {
  const tried = route.method === 'GET' || route.safe ? path : `${path}${path.includes('?') ? '&' : '?'}dry_run=true`;
  return count(await caller.send(route.method, tried, { body }));
}

t.test('PV-SEC-082 a route that does not say who may use it does not start, nor one that stands twice', async (t) => {
  const [route] = guarded;
  if (!route) throw new Error('there are routes');
  for (const scopes of [undefined, [], ['idporten:everything'], 'everybody', '']) {
    const table = [Object.assign({ ...route }, { scopes })];
    t.throws(() => router(table), { message: /does not say who may use it/ });
    t.throws(() => selfservice(table, {} as Parameters<typeof selfservice>[1]), { message: /does not say who may use it/ });
  }
  t.throws(() => router([route, route]), { message: /stands twice/ });
  t.ok(router(routes));
});

t.test(
  'PV-SEC-082 without a token, with garbage, an assertion, or a token that has ended every guarded route is 401',
  async (t) => {
    const api = await startApi(t);
    const ended = await everything(api, 'operator');
    const assertion = await api.server.assertion('demo-consumer', { scope: 'prove:bygg.read' });
    api.server.clock.time += 121;
    const callers: readonly (readonly [string, ApiCaller])[] = [
      ['no token', api.nobody],
      ['garbage', api.bearing('garbage')],
      ['unsigned', api.bearing(`${ended.token.slice(0, ended.token.lastIndexOf('.'))}.`)],
      ['another signature', api.bearing(`${ended.token.slice(0, -8)}AAAAAAAA`)],
      ['an assertion', api.bearing(assertion)],
      ['ended', ended],
    ];
    for (const route of guarded) {
      for (const [what, caller] of callers) {
        const answer = await call(caller, route);
        t.equal(answer.status, 401, `${name(route)} ${what}`);
        t.match(answer.headers.get('www-authenticate'), /^Bearer error="invalid_token", resource_metadata="http.*\/api\/v1"$/);
        refusedByApi(t, answer, 'PV-640');
      }
    }
  },
);

t.test('PV-SEC-082 each admin scope alone opens the routes that name it, and every other is 403', async (t) => {
  const api = await startApi(t);
  for (const scope of ADMIN_SCOPES) {
    const caller = await api.as('operator', [scope]);
    for (const route of guarded) {
      const answer = await call(caller, route);
      const opens = route.scopes !== 'public' && route.scopes.includes(scope);
      if (opens) t.not(answer.status, 401, `${name(route)} ${scope}`);
      else refusedByApi(t, answer, 'PV-641');
    }
  }
});

t.test(
  'a token without an admin scope is 403 on every guarded route, and one of a supplier acting for a customer too',
  async (t) => {
    const api = await startApi(t, { world: withSupplied });
    const plain = await tokenOf(api, 'demo-consumer', api.server.client('demo-consumer').clientId);
    const supplied = await tokenOf(api, 'demo-consumer', SUPPLIED);
    for (const route of guarded) {
      refusedByApi(t, await call(plain, route), 'PV-641');
      const answer = await call(supplied, route);
      t.equal(answer.status, 403, name(route));
      refusedByApi(t, answer, 'PV-642');
    }
  },
);

t.test('public routes ask for no token and ignore one, even a bad one (contract §5.1.2)', async (t) => {
  const api = await startApi(t);
  for (const route of routes.filter(({ scopes }) => scopes === 'public')) {
    for (const token of [undefined, 'Bearer garbage', 'Basic x']) {
      const answer = await api.server.get(
        `/api/v1${address(route)}`,
        token === undefined ? {} : { headers: { Authorization: token } },
      );
      count(answer);
      t.equal(answer.status, 200, name(route));
    }
  }
});

t.test('every route with an object in its address has an example here', async (t) => {
  const missing = addressed.filter((route) => !examples.has(route.path)).map(name);
  t.same(missing, [], 'test/selfservice/route-examples.ts lacks these');
});

t.test(
  "PV-SEC-083 the own object is found, another organisation's is as one that is not there: 404, the same body",
  async (t) => {
    const api = await startApi(t);
    await prepare(api);
    const callers = new Map<Part, ApiCaller>();
    for (const part of ['operator', 'owner', 'consumer', 'supplier', 'customer'] as const)
      callers.set(part, await everything(api, part));
    for (const route of addressed) {
      const example = examples.get(route.path);
      if (example) await compare(t, route, example, (part) => callers.get(part) as ApiCaller);
    }
  },
);

async function compare(t: Test, route: Route, example: Example, as: (part: Part) => ApiCaller): Promise<void> {
  const body = example.bodies?.[route.method];
  const own = await call(as(example.of), route, example.own, body);
  t.not(own.status, 404, `${name(route)}: the own object is there: ${own.text}`);
  t.not(own.status, 401, name(route));
  const missing = await call(as(example.of), route, example.missing, body);
  t.equal(missing.status, 404, `${name(route)}: what is not there: ${missing.text}`);
  for (const stranger of example.strangers) {
    const foreign = await call(as(stranger), route, example.own, body);
    t.strictSame(sameEachTime(foreign), sameEachTime(missing), `${name(route)}: what belongs to another, for ${stranger}`);
  }
}

/** A caller with every admin scope that the organisation may hold. */
async function everything(api: TestApi, part: Part): Promise<ApiCaller> {
  return api.as(
    part,
    ADMIN_SCOPES.filter((scope: AdminScope) => scope !== OPERATOR_SCOPE || part === 'operator'),
  );
}

/** Puts what the examples speak of into the store. */
async function prepare({ server }: TestApi): Promise<void> {
  const times = { created: 0, lastUpdated: 0 };
  await server.storage.transaction(async (changes) => {
    await changes.onBehalfOf.put({
      ...times,
      clientId: adminOf('consumer'),
      id: 'kunde',
      orgno: '310555053',
      name: 'K',
      details: {},
    });
    const access = { scope: 'prove:bygg.read', consumerOrgno: '310555045', state: 'REQUESTED' } as const;
    await changes.accesses.put({ ...times, ...access, requestedBy: adminOf('supplier') });
    const parties = { consumerOrgno: '310555037', supplierOrgno: '310555045' };
    await changes.delegations.put({ ...times, ...parties, id: DELEGATION, scopes: ['prove:bygg.read'], revoked: false });
    const system = { systemId: SYSTEM, vendorOrgno: '310555045', name: 'x', clientIds: [], active: true };
    await changes.systems.put({ ...times, ...system });
    const user = { id: DELEGATION, systemId: SYSTEM, customerOrgno: '310555053', externalRef: '310555053' };
    await changes.systemUsers.put({ ...times, ...user, state: 'REQUESTED' });
    const from = 'urn:altinn:organization:identifier-no:310555053';
    const consent = { id: DELEGATION, from, toOrgno: '310555045', consented: 0, validTo: 4102444800, revoked: false };
    await changes.consents.put({ ...consent, rights: [] });
    await changes.sources.put({ ...times, ...SOURCE, active: true });
    const [entry] = await changes.trust.list();
    if (entry) await changes.trust.put({ ...entry, id: 'x' });
  });
  const checks = [{ id: 'claims', result: 'pass' }] as const;
  const refusal = { id: REFUSAL, at: 0, isProven: false, code: 'MP-124', clientId: adminOf('consumer'), scopes: [] } as const;
  await server.storage.explanations.add([{ ...refusal, checks }]);
}

const SUPPLIED = 'supplied';

/** The world with a client that a supplier made for its customer, whose tokens name both. Contract §5.6 */
function withSupplied(world: World): World {
  const [client] = world.clients;
  if (!client) throw new Error('the world has clients');
  return { ...world, clients: [...world.clients, { ...client, clientId: SUPPLIED, supplierOrgno: '310555045' }] };
}

async function tokenOf(api: TestApi, key: string, clientId: string): Promise<ApiCaller> {
  const assertion = await makeAssertion({
    ...api.server.client(key),
    ...{ clientId, audience: api.server.issuer, now: api.server.clock.time, scope: 'prove:kart.read' },
  });
  return api.bearing(`${(await api.server.ask(assertion)).body.access_token}`);
}
