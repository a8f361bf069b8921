import t from 'tap';
import { authentication } from '../../server/core/authenticate.ts';
import { authorization } from '../../server/core/authorize.ts';
import { refusedAssertions } from '../token/refused-assertions.ts';
import { type ApiCaller, refusedByApi, sameEachTime, startApi, type TestApi } from './api.ts';

const EXPLAIN = ['portvakt:explanations'] as const;
const CLOSED = { scope: 'prove:bygg.read' };

type Check = { id: string; result: string; code?: string; expected?: string; got?: string; fix?: string };

const explain = (caller: ApiCaller, body: object) => caller.post('/explanations', body);
const check = (answer: { body: Record<string, unknown> }, id: string): Check | undefined =>
  (answer.body.checks as Check[]).find((each) => each.id === id);
const results = (answer: { body: Record<string, unknown> }): Record<string, string> =>
  Object.fromEntries((answer.body.checks as Check[]).map(({ id, result }) => [id, result]));

async function consumerOf(api: TestApi): Promise<ApiCaller> {
  return api.as('consumer', EXPLAIN);
}

t.test(
  'a good assertion passes every check in the order of the token endpoint, and is not spent (user experience §7)',
  async (t) => {
    const api = await startApi(t);
    const caller = await consumerOf(api);
    const assertion = await api.server.assertion('demo-consumer', CLOSED);
    const answer = await explain(caller, { assertion });
    t.match(answer.body, {
      id: answer.headers.get('x-correlation-id'),
      at: '2026-01-01T00:00:00.000Z',
      outcome: 'would_issue',
      client_id: api.server.client('demo-consumer').clientId,
      consumer_orgno: '310555037',
      scopes: ['prove:bygg.read'],
    });
    t.notOk('code' in answer.body);
    t.same(Object.keys(results(answer)), [...authentication.map(({ id }) => id), 'replay', ...authorization.map(({ id }) => id)]);
    t.same(new Set(Object.values(results(answer))), new Set(['pass']));
    await explain(caller, { assertion });
    t.equal((await api.server.ask(assertion)).status, 200, 'the assertion still gives its token');
  },
);

t.test(
  'what has been spent fails as a replay, which the token endpoint answers before what else is wrong (MP-012)',
  async (t) => {
    const api = await startApi(t);
    const caller = await consumerOf(api);
    const assertion = await api.server.assertion('demo-consumer', { scope: 'prove:arkiv.read' });
    t.match((await api.server.ask(assertion)).body.error_uri, /MP-200$/);
    const answer = await explain(caller, { assertion });
    t.equal(answer.body.code, 'MP-012');
    t.equal(check(answer, 'scopes')?.code, 'MP-200');
    t.match((await api.server.ask(assertion)).body.error_uri, /MP-012$/);
  },
);

t.test(
  'all that is wrong is told at once; the code is the first, as the token endpoint answers (user experience §7)',
  async (t) => {
    const api = await startApi(t);
    const caller = await consumerOf(api);
    const assertion = await api.server.assertion('demo-consumer', {
      ...CLOSED,
      audience: api.server.issuer.slice(0, -1),
      now: api.server.clock.time + 47,
    });
    const answer = await explain(caller, { assertion });
    t.match(answer.body, { outcome: 'would_refuse', code: 'MP-110' });
    t.match(check(answer, 'audience'), {
      code: 'MP-110',
      expected: api.server.issuer,
      got: 'the issuer without its final slash',
      fix: /slash/,
    });
    t.match(check(answer, 'issue_time'), { code: 'PV-131', expected: 'at most 10 s ahead', got: '47 s ahead' });
    t.equal(check(answer, 'signature')?.result, 'pass');
    t.match((await api.server.ask(assertion)).body.error_uri, /MP-110$/);
  },
);

t.test('what hangs on a refused fact is not reached, and is no refusal of its own', async (t) => {
  const api = await startApi(t);
  const caller = await consumerOf(api);
  const { clientId } = api.server.client('demo-consumer');
  const unnamed = await api.server.assertion('demo-consumer', { ...CLOSED, header: { kid: 'unknown' } });
  const answer = await explain(caller, { assertion: unnamed });
  t.equal(check(answer, 'key_choice')?.code, 'PV-125');
  t.match(results(answer), { key_valid: 'not_reached', signature: 'not_reached', expiry: 'pass', access: 'pass' });
  t.equal(answer.body.client_id, clientId);
});

t.test('each kind of client and fault is explained with the code that the token endpoint gives', async (t) => {
  const api = await startApi(t);
  const caller = await consumerOf(api);
  const { server } = api;
  const cases: readonly (readonly [name: string, options: object, code: string])[] = [
    ['demo-certificate', CLOSED, 'none'],
    ...refusedAssertions(server, CLOSED),
  ];
  for (const [name, options, code] of cases) {
    const assertion = await server.assertion(name, options);
    const { body } = await explain(caller, { assertion });
    t.equal(body.code ?? 'none', code, `${name} ${code}`);
    const told = await server.ask(assertion);
    t.equal(told.status === 200 ? 'none' : `${told.body.error_uri}`.slice(-6), code);
  }
});

t.test('what is no assertion names nobody, and is explained to everybody', async (t) => {
  const api = await startApi(t);
  const caller = await consumerOf(api);
  for (const assertion of ['x', 'a.b.c', '..', 'e30.e30.e30', 'ø.ø.ø', 'x'.repeat(32_768)]) {
    const answer = await explain(caller, { assertion });
    t.match(answer.body, { outcome: 'would_refuse', code: 'MP-011', scopes: [] });
    t.notOk('client_id' in answer.body);
    t.notOk(answer.text.includes(assertion.slice(0, 100)) && assertion.length > 3, 'and nothing of it is said again');
  }
});

t.test("another organisation's assertion, a blocked client's and one of nobody are answered alike: 404", async (t) => {
  const api = await startApi(t);
  const supplier = await api.as('supplier', EXPLAIN);
  const foreign = await explain(supplier, { assertion: await api.server.assertion('demo-consumer', CLOSED) });
  t.equal(foreign.status, 404);
  const unknown = await explain(supplier, {
    assertion: await api.server.assertion('demo-consumer', { ...CLOSED, clientId: 'x' }),
  });
  t.strictSame(sameEachTime(unknown), sameEachTime(foreign));
  for (const client_id of [api.server.client('demo-consumer').clientId, 'finnes-ikke'])
    t.strictSame(sameEachTime(await explain(supplier, { client_id, ...CLOSED })), sameEachTime(foreign), 'and simulations alike');
  await api.server.storage.transaction(async ({ clients }) => {
    const client = await clients.find(api.server.client('demo-supplier').clientId);
    if (client) await clients.put({ ...client, blocked: 'x' });
  });
  const blocked = await explain(supplier, {
    assertion: await api.server.assertion('demo-supplier', { scope: 'prove:kart.read' }),
  });
  t.strictSame(sameEachTime(blocked), sameEachTime(foreign));
});

t.test('the owner of the scopes sees what is asked of them, without anything about keys (user experience §7)', async (t) => {
  const api = await startApi(t);
  const owner = await api.as('owner', EXPLAIN);
  const denied = await explain(owner, { assertion: await api.server.assertion('demo-supplier', CLOSED) });
  t.match(denied.body, { code: 'MP-250', client_id: api.server.client('demo-supplier').clientId });
  t.match(check(denied, 'access'), { expected: 'access for 310555045', got: 'none' });
  const ended = await explain(owner, { assertion: await api.server.assertion('demo-expired-key', CLOSED) });
  const key = check(ended, 'key_valid');
  t.match(key, { result: 'fail', code: 'MP-121' });
  t.notOk(key && ('expected' in key || 'got' in key));
  const mixed = await explain(owner, {
    assertion: await api.server.assertion('demo-supplier', { scope: 'prove:bygg.read annet:x' }),
  });
  t.equal(mixed.status, 404, 'not when other scopes are asked for, too');
});

t.test('the operator sees all, of every organisation and of nobody', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', ['portvakt:operator']);
  const ended = await explain(operator, { assertion: await api.server.assertion('demo-expired-key', CLOSED) });
  t.match(check(ended, 'key_valid'), { code: 'MP-121', got: /ended/ });
  const unknown = await explain(operator, {
    assertion: await api.server.assertion('demo-consumer', { ...CLOSED, clientId: 'x' }),
  });
  t.equal(unknown.body.code, 'MP-100');
});

t.test('a simulation needs no assertion; what only an assertion has is not reached (own API)', async (t) => {
  const api = await startApi(t);
  const caller = await consumerOf(api);
  const { clientId: client_id } = api.server.client('demo-consumer');
  const good = await explain(caller, { client_id, ...CLOSED, resource: 'https://api.example.no/' });
  t.match(good.body, { outcome: 'would_issue', client_id, consumer_orgno: '310555037' });
  const reached = new Set(['client', ...authorization.map(({ id }) => id)]);
  for (const [id, result] of Object.entries(results(good))) t.equal(result, reached.has(id) ? 'pass' : 'not_reached', id);
  const cases: readonly (readonly [object, string])[] = [
    [{ scope: 'prove:kart.read annet:x' }, 'MP-200'],
    [{ scope: 'a a' }, 'MP-200'],
    [{ ...CLOSED, resource: ['ikke en adresse'] }, 'MP-011'],
    [{ ...CLOSED, consumer_org: '310555053' }, 'MP-251'],
    [{ ...CLOSED, consumer_org: '310555037' }, 'PV-252'],
    [{ ...CLOSED, consumer_org: '12345678901' }, 'MP-011'],
    [{ ...CLOSED, authorization_details: [{ type: 'x' }] }, 'MP-301'],
  ];
  for (const [wish, code] of cases) {
    const answer = await explain(caller, { client_id, ...wish });
    t.equal(answer.body.code, code, code);
    t.notOk(answer.text.includes('12345678901'), 'a number that is none is not said again');
  }
  const supplied = await explain(caller, { client_id, ...CLOSED, consumer_org: '310555053' });
  t.match(supplied.body, { consumer_orgno: '310555053', supplier_orgno: '310555037' });
  t.equal(
    (await api.server.storage.audit.list(100)).filter(({ type }) => type.startsWith('token.')).length,
    1,
    'only the admin token',
  );
});

t.test('a question is either of an assertion or of a simulation (own API)', async (t) => {
  const api = await startApi(t);
  const caller = await consumerOf(api);
  for (const [body, field] of [
    [{}, 'assertion'],
    [{ assertion: 5 }, 'assertion'],
    [{ assertion: '' }, 'assertion'],
    [{ assertion: 'x'.repeat(32_769) }, 'assertion'],
    [{ assertion: 'x', client_id: 'y' }, 'client_id'],
    [{ assertion: 'x', resource: 'y' }, 'resource'],
    [{ client_id: 'x' }, 'scope'],
    [{ client_id: 'x', scope: ' ' }, 'scope'],
    [{ client_id: 'x', scope: 'a:b', resource: [] }, 'resource'],
    [{ client_id: 'x', scope: 'a:b', authorization_details: {} }, 'authorization_details'],
    [{ client_id: 'x', scope: 'a:b', authorization_details: [5] }, 'authorization_details.0'],
    [{ client_id: 'x', scope: 'a:b', id: '0' }, 'id'],
    [{ client_id: 'x', scope: 'a:b', key: 'x' }, 'key'],
  ] as const)
    refusedByApi(t, await explain(caller, body), 'PV-601', field);
});

t.test('PV-SEC-104 neither the assertion nor a key stands in the log', async (t) => {
  const api = await startApi(t);
  const caller = await consumerOf(api);
  const assertion = await api.server.assertion('demo-certificate', { ...CLOSED, claims: { consumer_org: '310555053' } });
  await explain(caller, { assertion });
  await explain(caller, { assertion: `${assertion}x` });
  const log = JSON.stringify(api.server.lines);
  for (const part of assertion.split('.')) t.notOk(log.includes(part.slice(0, 40)));
});

t.test('only who may explain does: another admin scope is 403', async (t) => {
  const api = await startApi(t);
  const caller = await api.as('consumer', ['idporten:dcr.write']);
  refusedByApi(t, await explain(caller, { assertion: 'x' }), 'PV-641');
});
