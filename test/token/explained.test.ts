import t, { type Test } from 'tap';
import { ALL_CHECKS } from '../../server/core/explain-refusal.ts';
import { DAY } from '../../server/core/time.ts';
import { type ApiCaller, refusedByApi, sameEachTime, startApi, type TestApi } from '../selfservice/api.ts';
import { refusedAssertions } from './refused-assertions.ts';
import { type Answer, startTestServer } from './server.ts';

const EXPLAIN = ['portvakt:explanations'] as const;
const CLOSED = { scope: 'prove:bygg.read' };

type Check = { id: string; title: string; result: string; code?: string; expected?: string; got?: string; fix?: string };

const idOf = ({ body }: Answer): string => /trace_id: ([0-9a-f]{32})/.exec(`${body.error_description}`)?.[1] ?? '';
const codeOf = ({ body }: Answer): string => `${body.error_uri}`.slice(-6);
const check = ({ body }: Answer, id: string): Check | undefined => (body.checks as Check[]).find((each) => each.id === id);
const results = ({ body }: Answer): Record<string, string> =>
  Object.fromEntries((body.checks as Check[]).map(({ id, result }) => [id, result]));
const explained = (caller: ApiCaller, refusal: Answer): Promise<Answer> => caller.get(`/explanations/${idOf(refusal)}`);
const firstFailure = ({ body }: Answer): Check | undefined => (body.checks as Check[]).find(({ result }) => result === 'fail');

/** Refuses an assertion, and claims that it is explained to the caller with the same code. */
async function agrees(t: Test, api: TestApi, caller: ApiCaller, assertion: string): Promise<Answer> {
  const refusal = await api.server.ask(assertion);
  t.not(refusal.status, 200);
  const answer = await explained(caller, refusal);
  t.match(answer.body, { id: idOf(refusal), outcome: 'refused', code: codeOf(refusal) });
  t.equal(firstFailure(answer)?.code, codeOf(refusal));
  return answer;
}

t.test(
  'a refusal is explained by its trace_id: every check, in the order of the token endpoint (user experience §7)',
  async (t) => {
    const api = await startApi(t);
    const caller = await api.as('consumer', EXPLAIN);
    const assertion = await api.server.assertion('demo-consumer', {
      ...CLOSED,
      audience: api.server.issuer.slice(0, -1),
      now: api.server.clock.time + 47,
    });
    const answer = await agrees(t, api, caller, assertion);
    t.match(answer.body, {
      at: '2026-01-01T00:00:00.000Z',
      client_id: api.server.client('demo-consumer').clientId,
      consumer_orgno: '310555037',
      scopes: ['prove:bygg.read'],
    });
    t.same(
      Object.keys(results(answer)),
      ALL_CHECKS.map(({ id }) => id),
    );
    t.match(check(answer, 'audience'), {
      title: 'aud is the issuer',
      code: 'MP-110',
      expected: api.server.issuer,
      got: 'the issuer without its final slash',
      fix: /slash/,
    });
    t.match(check(answer, 'issue_time'), { code: 'PV-131', expected: 'at most 10 s ahead', got: '47 s ahead' });
    t.match(results(answer), {
      client: 'pass',
      signature: 'pass',
      replay: 'pass',
      access: 'pass',
      delegation_asked: 'not_reached',
    });
  },
);

t.test('it tells how things stood at the refusal: the clock, the client and what was used then', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const caller = await api.as('consumer', EXPLAIN);
  const refusal = await server.ask(await server.assertion('demo-consumer', { ...CLOSED, now: server.clock.time + 47 }));
  await explained(caller, refusal);
  server.clock.time += 40;
  t.match(check(await explained(caller, refusal), 'issue_time'), { got: '47 s ahead' });
  t.equal((await explained(caller, refusal)).body.at, '2026-01-01T00:00:00.000Z');
});

t.test('explaining spends nothing: what was refused before it was spent gives its token when it is right', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const caller = await api.as('consumer', EXPLAIN);
  const assertion = await server.assertion('demo-consumer', { ...CLOSED, now: server.clock.time + 30 });
  const answer = await agrees(t, api, caller, assertion);
  t.equal(check(answer, 'replay')?.result, 'pass');
  server.clock.time += 30;
  t.equal((await server.ask(assertion)).status, 200);
});

t.test('a replay is explained as a replay, and a refusal that spent its assertion is not (MP-012)', async (t) => {
  const api = await startApi(t);
  const caller = await api.as('consumer', EXPLAIN);
  const assertion = await api.server.assertion('demo-consumer', { scope: 'prove:arkiv.read' });
  const first = await agrees(t, api, caller, assertion);
  t.match(first.body, { code: 'MP-200' });
  t.match(results(first), { signature: 'pass', replay: 'pass', scopes: 'fail', access: 'not_reached' });
  const second = await agrees(t, api, caller, assertion);
  t.match(second.body, { code: 'MP-012' });
  t.match(results(second), { signature: 'pass', replay: 'fail', scopes: 'fail', access: 'not_reached' });
  const good = await api.server.assertion('demo-consumer', CLOSED);
  t.equal((await api.server.ask(good)).status, 200);
  const replay = await agrees(t, api, caller, good);
  t.same(
    Object.entries(results(replay)).filter(([, result]) => result !== 'pass'),
    [
      ['replay', 'fail'],
      ['delegation_asked', 'not_reached'],
      ['details_asked', 'not_reached'],
    ],
  );
});

t.test('each kind of refusal is explained with the code that was answered', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', ['portvakt:operator']);
  const { server } = api;
  const cases: readonly (readonly [name: string, options: object, code: string])[] = [
    ...refusedAssertions(server, CLOSED),
    ['demo-consumer', { ...CLOSED, header: { kid: 'unknown' } }, 'PV-125'],
    ['demo-consumer', { ...CLOSED, clientId: 'nobody' }, 'MP-100'],
    ['demo-supplier', CLOSED, 'MP-250'],
  ];
  for (const [name, options, code] of cases) {
    const answer = await agrees(t, api, operator, await server.assertion(name, options));
    t.equal(answer.body.code, code);
  }
});

t.test('what is no form, or no assertion, is explained as far as it can be read', async (t) => {
  const api = await startApi(t);
  const caller = await api.as('supplier', EXPLAIN);
  const cases: readonly (readonly [body: string, headers: Record<string, string>, code: string, check: string])[] = [
    ['{}', { 'Content-Type': 'application/json' }, 'PV-010', 'form'],
    ['grant_type=x&assertion=y', {}, 'PV-013', 'form'],
    ['a=%', {}, 'PV-010', 'form'],
    ['x'.repeat(49_153), {}, 'PV-019', 'form'],
    [`grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c`, {}, 'MP-011', 'jws'],
  ];
  for (const [body, headers, code, id] of cases) {
    const answer = await explained(caller, await api.server.post(body, headers));
    t.match(answer.body, { outcome: 'refused', code, scopes: [] });
    t.equal(firstFailure(answer)?.id, id);
    t.equal((answer.body.checks as Check[]).filter(({ result }) => result === 'fail').length, 1);
    t.notOk('client_id' in answer.body);
  }
});

t.test("another's refusal, a blocked client's and one that there never was are answered alike: 404 (PV-606)", async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const supplier = await api.as('supplier', EXPLAIN);
  const unknown = await supplier.get(`/explanations/${'0'.repeat(32)}`);
  refusedByApi(t, unknown, 'PV-606');
  const refusal = await server.ask(await server.assertion('demo-expired-key', CLOSED));
  t.strictSame(sameEachTime(await explained(supplier, refusal)), sameEachTime(unknown));
  const nobodys = await server.ask(await server.assertion('demo-consumer', { ...CLOSED, clientId: 'nobody' }));
  t.strictSame(sameEachTime(await explained(supplier, nobodys)), sameEachTime(unknown));
  for (const id of ['x', '%00', `${'0'.repeat(31)}A`, '0'.repeat(5_000), '..%2Fclients', "'"])
    t.strictSame(sameEachTime(await supplier.get(`/explanations/${id}`)), sameEachTime(unknown), id.slice(0, 40));
  const own = await server.ask(await server.assertion('demo-supplier', { ...CLOSED, lifetime: 121 }));
  t.equal((await explained(supplier, own)).status, 200);
  await server.storage.transaction(async ({ clients }) => {
    const client = await clients.find(server.client('demo-supplier').clientId);
    if (client) await clients.put({ ...client, blocked: 'x' });
  });
  t.strictSame(sameEachTime(await explained(supplier, own)), sameEachTime(unknown));
  refusedByApi(t, await api.nobody.get(`/explanations/${idOf(own)}`), 'PV-640');
  refusedByApi(t, await (await api.as('consumer', ['idporten:dcr.write'])).get(`/explanations/${idOf(own)}`), 'PV-641');
});

t.test('the owner of all scopes sees what was asked of them, without anything about keys (user experience §7)', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const owner = await api.as('owner', EXPLAIN);
  const denied = await agrees(t, api, owner, await server.assertion('demo-supplier', CLOSED));
  t.match(check(denied, 'access'), { expected: 'access for 310555045', got: 'none' });
  const ended = await agrees(t, api, owner, await server.assertion('demo-expired-key', CLOSED));
  const key = check(ended, 'key_valid');
  t.match(key, { result: 'fail', code: 'MP-121', fix: /./ });
  t.notOk(key && ('expected' in key || 'got' in key));
  const mixed = await server.ask(await server.assertion('demo-supplier', { scope: 'prove:bygg.read annet:x' }));
  t.equal((await explained(owner, mixed)).status, 404, 'not when other scopes were asked for, too');
});

t.test('in a made-up world everybody sees all (user experience §7)', async (t) => {
  const api = await startApi(t, { settings: { explainsToAll: true } });
  const supplier = await api.as('supplier', EXPLAIN);
  const ended = await agrees(t, api, supplier, await api.server.assertion('demo-expired-key', CLOSED));
  t.match(check(ended, 'key_valid'), { code: 'MP-121', got: /ended/ });
  await agrees(t, api, supplier, await api.server.assertion('demo-consumer', { ...CLOSED, clientId: 'nobody' }));
  t.equal((await supplier.get(`/explanations/${'0'.repeat(32)}`)).status, 404);
});

t.test('of several refusals in one trace each party sees its own, the newest', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const id = 'abcdef0123456789abcdef0123456789';
  const traced = { traceparent: `00-${id}-00f067aa0ba902b7-00` };
  const send = async (name: string, options: object): Promise<Answer> => {
    const assertion = await server.assertion(name, { ...CLOSED, ...options });
    return server.post(
      new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
      traced,
    );
  };
  await send('demo-consumer', { lifetime: 121 });
  await send('demo-supplier', { lifetime: 122 });
  server.clock.time += 1;
  await send('demo-consumer', { lifetime: 123 });
  const got = async (part: 'consumer' | 'supplier') =>
    check(await (await api.as(part, EXPLAIN)).get(`/explanations/${id}`), 'lifetime')?.got;
  t.equal(await got('consumer'), '123 s');
  t.equal(await got('supplier'), '122 s');
});

t.test('PV-SEC-104 neither the assertion, its signature nor a person number is kept or told', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const operator = await api.as('operator', ['portvakt:operator']);
  const person = '01010750160';
  const assertions = await Promise.all(
    [
      { scope: 'prove:innbygger.read', claims: { pid: person } },
      { ...CLOSED, claims: { pid: person.replace('6', '7') } },
      { ...CLOSED, claims: { [person]: 1 } },
      { ...CLOSED, claims: { sub: person, consumer_org: person } },
      { scope: `prove:${person}` },
      { ...CLOSED, claims: { aud: person } },
      {
        ...CLOSED,
        claims: { authorization_details: [{ type: 'urn:altinn:consent', id: 'x', from: `urn:altinn:person:${person}` }] },
      },
    ].map((options) => server.assertion('demo-consumer', options)),
  );
  for (const assertion of assertions) {
    const refusal = await server.ask(assertion);
    const answer = await explained(operator, refusal);
    t.equal(answer.body.code, codeOf(refusal));
    const kept = JSON.stringify(await server.storage.explanations.find(idOf(refusal))) + answer.text;
    t.notMatch(kept, person);
    t.notMatch(kept, person.replace('6', '7'));
    for (const part of assertion.split('.')) t.notOk(kept.includes(part.slice(0, 40)));
  }
});

t.test('explanations are kept for as long as is set, by themselves for seven days; a setting of 0 keeps none', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const caller = await api.as('consumer', EXPLAIN);
  const refusal = await server.ask(await server.assertion('demo-consumer', { ...CLOSED, lifetime: 121 }));
  await explained(caller, refusal);
  server.clock.time += 7 * DAY;
  await server.elapse();
  t.equal((await server.storage.explanations.find(idOf(refusal))).length, 1);
  server.clock.time += 1;
  await server.elapse();
  t.equal((await server.storage.explanations.find(idOf(refusal))).length, 0);
  const none = await startTestServer(t, { config: { explanations: { keep: 0, perSecond: 100 } } });
  const unkept = await none.ask(await none.assertion('demo-consumer', { ...CLOSED, lifetime: 121 }));
  await none.close();
  t.equal(codeOf(unkept), 'PV-132');
});

t.test('any worker can be asked: what one has refused another explains', async (t) => {
  const one = await startApi(t);
  const other = await startTestServer(t, { dataDir: one.server.dataDir, config: { issuer: one.server.issuer } });
  const caller = await one.as('consumer', EXPLAIN);
  const refusal = await other.ask(await one.server.assertion('demo-consumer', { ...CLOSED, lifetime: 121 }));
  await other.close();
  t.match((await explained(caller, refusal)).body, { outcome: 'refused', code: 'PV-132' });
});
