import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { sourceOf, startAsking } from './altinn-source.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const CHILD = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

const heard: { path: string; traceparent: string | undefined; tracestate: string | undefined }[] = [];
let down = 0;
const source = createServer((request, response) => {
  const { traceparent, tracestate } = request.headers as Record<string, string | undefined>;
  const [path = ''] = request.url?.split('?') ?? [];
  heard.push({ path, traceparent, tracestate });
  const token = { access_token: 'a-token', token_type: 'Bearer', expires_in: 119, scope: 'x' };
  if (path !== '/token' && down-- > 0) return response.writeHead(503).end();
  return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(path === '/token' ? token : []));
}).listen(0, '127.0.0.1');
await once(source, 'listening');
t.teardown(() => {
  source.closeAllConnections();
  source.close();
});

const server = await startAsking(t, sourceOf(`http://127.0.0.1:${(source.address() as AddressInfo).port}/`));

/** What the source heard of one request in a consumer's name, and what the client was answered as its correlation id. */
async function asked(headers: Record<string, string> = {}) {
  heard.length = 0;
  const claims = { consumer_org: ORGANIZATIONS.consumer.orgno };
  const assertion = await server.assertion('demo-supplier', { scope: 'prove:bygg.read', claims });
  const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();
  const { headers: answered } = await server.post(body, headers);
  return { id: answered.get('x-correlation-id'), children: heard.map(({ traceparent }) => CHILD.exec(traceparent ?? '') ?? []) };
}

t.test('the token and the question that a request leads to are children of its trace (W3C Trace Context §3.4)', async (t) => {
  const { id, children } = await asked({ traceparent: `00-${TRACE}-${PARENT}-01` });
  t.equal(id, TRACE);
  t.same(
    heard.map(({ path }) => path),
    ['/token', '/accessmanagement/api/v1/maskinporten/delegations/'],
  );
  t.same(
    children.map(([, trace, , flags]) => [trace, flags]),
    [
      [TRACE, '01'],
      [TRACE, '01'],
    ],
  );
  const spans = children.map(([, , span]) => span);
  t.equal(new Set([...spans, PARENT]).size, 3, 'each has a span of its own');
});

t.test('a second try is a span of its own', async (t) => {
  down = 1;
  const { children } = await asked({ traceparent: `00-${TRACE}-${PARENT}-00` });
  t.same(
    children.map(([, trace, , flags]) => [trace, flags]),
    [
      [TRACE, '00'],
      [TRACE, '00'],
    ],
  );
  t.equal(new Set(children.map(([, , span]) => span)).size, 2);
});

t.test('without a trace of the caller the source hears our own, which nobody records', async (t) => {
  for (const headers of [{}, { traceparent: 'garbage' }] as Record<string, string>[]) {
    const { id, children } = await asked(headers);
    t.match(id, /^[0-9a-f]{32}$/);
    t.same(
      children.map(([, trace, , flags]) => [trace, flags]),
      [[id, '00']],
    );
  }
});

t.test('of the flags the sampled one alone goes further, and no tracestate: the source is somebody else’s', async (t) => {
  const { children } = await asked({ traceparent: `00-${TRACE}-${PARENT}-ff`, tracestate: 'vendor=secret' });
  t.same(
    children.map(([, trace, , flags]) => [trace, flags]),
    [[TRACE, '01']],
  );
  t.equal(heard[0]?.tracestate, undefined);
});
