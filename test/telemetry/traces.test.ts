import { once } from 'node:events';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, createContextKey, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { openTraces } from '../../server/telemetry/traces.ts';
import { sourceOf, startAsking } from '../authorities/altinn-source.ts';
import { enterpriseTrust, outcome, publisher, trusting } from '../token/enterprise.ts';
import { startTestServer } from '../token/server.ts';
import { record, recorded, recordNoMore } from './recording.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SCOPE = 'prove:bygg.read';

record();
const server = await startTestServer(t);
const form = async (scope = SCOPE): Promise<string> =>
  new URLSearchParams({ grant_type: JWT_BEARER, assertion: await server.assertion('demo-consumer', { scope }) }).toString();

/** The span of the request, and those beneath it. */
function request(spans: readonly ReadableSpan[]): { readonly root: ReadableSpan; readonly steps: readonly ReadableSpan[] } {
  const root = spans.find(({ kind }) => kind === SpanKind.SERVER);
  if (!root) throw new Error(`no request among ${spans.map(({ name }) => name).join(', ')}`);
  return { root, steps: spans.filter((span) => span !== root) };
}

const names = (spans: readonly ReadableSpan[]): readonly string[] => spans.map(({ name }) => name);
const milliseconds = ([seconds, nanoseconds]: [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;

t.test('a token request is a span, and beneath it what its time went into', async (t) => {
  recorded();
  const { status, headers } = await server.post(await form());
  t.equal(status, 200);
  const { root, steps } = request(recorded());
  t.equal(root.name, 'POST /token');
  t.same(root.attributes, {
    'http.request.method': 'POST',
    'http.route': '/token',
    'http.response.status_code': 200,
    'portvakt.outcome': 'issued',
    'portvakt.client_id': server.client('demo-consumer').clientId,
    'portvakt.scopes': [SCOPE],
  });
  t.equal(root.parentSpanContext, undefined);
  t.equal(root.spanContext().traceId, headers.get('x-correlation-id'), 'the trace is the correlation id');
  t.same(names(steps), ['receive', 'authenticate', 'authorize', 'commit', 'sign']);
  for (const { name, parentSpanContext, duration } of steps) {
    t.equal(parentSpanContext?.spanId, root.spanContext().spanId, name);
    t.ok(milliseconds(duration) <= milliseconds(root.duration), name);
  }
});

t.test('a traceparent is the span’s parent, and its trace the correlation id (W3C Trace Context §3.2)', async (t) => {
  recorded();
  const { headers } = await server.post(await form(), { traceparent: `00-${TRACE}-${PARENT}-01` });
  t.equal(headers.get('x-correlation-id'), TRACE);
  const { root, steps } = request(recorded());
  t.match(root.parentSpanContext, { traceId: TRACE, spanId: PARENT, isRemote: true });
  t.same(new Set([root, ...steps].map((span) => span.spanContext().traceId)), new Set([TRACE]));
});

t.test('what the caller does not record is not recorded, and has the caller’s trace as its correlation id', async (t) => {
  recorded();
  const { headers, status } = await server.post(await form(), { traceparent: `00-${TRACE}-${PARENT}-00` });
  t.equal(status, 200);
  t.equal(headers.get('x-correlation-id'), TRACE);
  t.same(recorded(), []);
});

/** As instrumentations do with a request that they are told to leave out; the key is that of @opentelemetry/core. */
function leavingOut<T>(work: () => T): T {
  return context.with(context.active().setValue(createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true), work);
}

t.test(
  'PV-SEC-066 a request that the SDK is told to leave out has a correlation id all the same, and asks others by it',
  async (t) => {
    const { emit } = Server.prototype;
    const request = t.intercept(Server.prototype, 'emit', {
      configurable: true,
      writable: true,
      value: function (this: Server, event: string, ...rest: unknown[]) {
        const told = () => Reflect.apply(emit, this, [event, ...rest]);
        return event === 'request' ? leavingOut(told) : told();
      },
    });
    recorded();
    const ids = [];
    for (const scope of [SCOPE, 'prove:ukjent.read'])
      ids.push((await server.post(await form(scope))).headers.get('x-correlation-id'));
    t.match(ids, [/[1-9a-f]/, /[1-9a-f]/]);
    t.equal(new Set(ids).size, 2);
    const { headers } = await server.post(await form(), { traceparent: `00-${TRACE}-${PARENT}-01` });
    t.equal(headers.get('x-correlation-id'), TRACE);
    t.ok(request().length > 0);
    t.same(recorded(), []);
    const traces = await openTraces({ info: () => {}, warn: () => {}, error: () => {} });
    const outbound = { method: 'GET', origin: 'http://127.0.0.1', path: '/' } as const;
    t.equal(await leavingOut(async () => traces?.outbound(outbound, async ({ traceparent }) => traceparent)), undefined);
  },
);

t.test('what is no token request, as the token endpoint is asked it, is no span', async (t) => {
  recorded();
  t.equal((await fetch(new URL('token', server.issuer))).status, 405);
  t.same(recorded(), []);
});

t.test('a refusal is told by its code, and is no error of the server’s', async (t) => {
  recorded();
  t.equal((await server.post(await form('prove:ukjent.read'))).status, 400);
  const { root, steps } = request(recorded());
  t.match(root.attributes, { 'http.response.status_code': 400, 'portvakt.outcome': 'refused', 'portvakt.code': 'MP-200' });
  t.equal(root.attributes['portvakt.scopes'], undefined, 'a scope that is not registered is a stranger’s word');
  t.equal(root.status.code, SpanStatusCode.UNSET);
  t.same(names(steps), ['receive', 'authenticate', 'authorize', 'commit']);
});

t.test('of a request whose signature does not hold nothing is told but the code', async (t) => {
  recorded();
  const assertion = (await server.assertion('demo-consumer')).replace(
    /\.[^.]*$/,
    `.${Buffer.alloc(256, 1).toString('base64url')}`,
  );
  const { status } = await server.ask(assertion);
  t.equal(status, 400);
  const { root, steps } = request(recorded());
  t.same(Object.keys(root.attributes).sort(), [
    'error.type',
    'http.request.method',
    'http.response.status_code',
    'http.route',
    'portvakt.code',
    'portvakt.outcome',
  ]);
  t.match(steps.at(-1), { name: 'authenticate', attributes: { 'error.type': root.attributes['portvakt.code'] } });
});

t.test('a failure of ours is an error with a name and no message', async (t) => {
  const { assertions } = server.storage;
  const spend = t.capture(assertions, 'spend', async () => {
    throw new Error(`row ${await form()} is broken`);
  });
  recorded();
  const { status } = await server.post(await form());
  t.equal(status, 500);
  t.equal(spend().length, 1);
  const { root, steps } = request(recorded());
  t.match(root, { attributes: { 'portvakt.code': 'PV-500' }, status: { code: SpanStatusCode.ERROR } });
  const commit = steps.find(({ name }) => name === 'commit');
  t.same(commit?.attributes, { 'error.type': 'Error' });
  t.same(commit?.status, { code: SpanStatusCode.ERROR });
  t.same(
    [root, ...steps].flatMap(({ events }) => events),
    [],
  );
});

t.test('who waits for a place in which requests are worked on has a span for it', async (t) => {
  const narrow = await startTestServer(t, { limits: { concurrency: 1, queue: 1 } });
  const { assertions } = narrow.storage;
  const spend = assertions.spend.bind(assertions);
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  assertions.spend = async (...given) => {
    begun.resolve();
    await go.promise;
    return spend(...given);
  };
  const ask = async () => narrow.ask(await narrow.assertion('demo-consumer', { scope: SCOPE }));
  recorded();
  const first = ask();
  await begun.promise;
  const others = [ask(), ask()];
  t.match((await Promise.race(others)).body.error_uri, /PV-402$/, 'one waits, and for the other there is no room');
  go.resolve();
  await Promise.all([first, ...others]);
  const queued = recorded().filter(({ name }) => name === 'queue');
  t.same(
    queued.map(({ attributes }) => attributes),
    [{ 'error.type': 'PV-402' }, {}],
  );
});

t.test('a question to a source of delegations, and the token for it, are spans that the source hears of', async (t) => {
  const heard: (string | undefined)[] = [];
  const source = createServer((request, response) => {
    heard.push(request.headers.traceparent as string | undefined);
    const token = { access_token: 'a-token', token_type: 'Bearer', expires_in: 119, scope: 'x' };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(request.url === '/token' ? token : []));
  }).listen(0, '127.0.0.1');
  await once(source, 'listening');
  t.teardown(() => {
    source.closeAllConnections();
    source.close();
  });
  const { port } = source.address() as AddressInfo;
  const asking = await startAsking(t, sourceOf(`http://127.0.0.1:${port}/`));
  recorded();
  const claims = { consumer_org: ORGANIZATIONS.consumer.orgno };
  await asking.ask(await asking.assertion('demo-supplier', { scope: SCOPE, claims }));
  const { root, steps } = request(recorded());
  t.equal(root.attributes['portvakt.code'], 'MP-251');
  t.same(names(steps), [
    ...['receive', 'authenticate', 'authorize', 'commit', 'POST /token'],
    ...['GET /accessmanagement/api/v1/maskinporten/delegations/', 'commit'],
  ]);
  const asked = steps.filter(({ kind }) => kind === SpanKind.CLIENT);
  t.same(
    asked.map((span) => span.attributes),
    ['/token', '/accessmanagement/api/v1/maskinporten/delegations/'].map((path, place) => ({
      'http.request.method': place === 0 ? 'POST' : 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.template': path,
      'http.response.status_code': 200,
    })),
    'without what was asked',
  );
  const traceId = root.spanContext().traceId;
  t.same(
    heard,
    asked.map((span) => `00-${traceId}-${span.spanContext().spanId}-01`),
  );
});

t.test('fetching a revocation list is a span of its own', async (t) => {
  const published = await publisher(t);
  const fetching = await startTestServer(t, {
    config: { environment: 'production' },
    certificates: { allowPrivate: true },
    world: trusting(enterpriseTrust(published)),
  });
  recorded();
  await fetching.elapse();
  const fetched = recorded();
  t.same(
    [...names(fetched)].sort(),
    Object.keys(published.files)
      .map((path) => `GET ${path}`)
      .sort(),
  );
  t.same(new Set(fetched.map(({ parentSpanContext }) => parentSpanContext)), new Set([undefined]));
  t.equal(await outcome(fetching), 'token');
});

t.test('where nobody has registered an SDK there are no traces', async (t) => {
  recordNoMore();
  t.teardown(record);
  const lines: string[] = [];
  const keep = (message: string): void => void lines.push(message);
  t.equal(await openTraces({ info: keep, warn: keep, error: keep }), undefined);
  t.same(lines, []);
  const unrecorded = await startTestServer(t);
  recorded();
  t.equal((await unrecorded.ask(await unrecorded.assertion('demo-consumer', { scope: SCOPE }))).status, 200);
  t.same(recorded(), []);
});

t.test('an SDK with an API that the server’s cannot speak with is told of', async (t) => {
  const name = Symbol.for('opentelemetry.js.api.1');
  const kept = Reflect.get(globalThis, name);
  t.teardown(() => Reflect.set(globalThis, name, kept));
  Reflect.set(globalThis, name, { version: '1.0.0', trace: { getTracer: () => undefined } });
  const lines: unknown[] = [];
  const keep = (...line: unknown[]): void => void lines.push(line);
  t.equal(await openTraces({ info: keep, warn: keep, error: keep }), undefined);
  t.match(lines, [['no traces are recorded', { detail: /1\.0\.0/ }]]);
});
