import t from 'tap';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { startTestServer } from '../token/server.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

const server = await startTestServer(t);
const form = async (scope: string): Promise<string> =>
  new URLSearchParams({ grant_type: JWT_BEARER, assertion: await server.assertion('demo-consumer', { scope }) }).toString();

t.test('the trace that a request is part of is its correlation id: in the answer, the log and the audit', async (t) => {
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const refused = await server.post(await form('prove:ukjent.read'), headers);
  t.equal(refused.headers.get('x-correlation-id'), TRACE);
  t.match(refused.body.error_description, new RegExp(`\\(trace_id: ${TRACE}\\)`));
  t.match(server.lines.at(-1), { message: 'refused', fields: { correlation_id: TRACE } });
  const issued = await server.post(await form('prove:bygg.read'), headers);
  t.equal(issued.status, 200);
  t.equal(issued.headers.get('x-correlation-id'), TRACE);
  t.match(await server.storage.audit.list(2), [
    { type: 'token.issuing', correlationId: TRACE },
    { type: 'token.refused', correlationId: TRACE },
  ]);
});

t.test('a traceparent that is not exactly one of version 00 is as if it were not there (W3C Trace Context §3.2)', async (t) => {
  const malformed = [
    '',
    '00',
    TRACE,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}-01-`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}0-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `01-${TRACE}-${PARENT}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-0g`,
    `00_${TRACE}_${PARENT}_01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    '00-<script>alert(1)</script>0000000-00f067aa0ba902b7-01',
  ];
  const ids = new Set<string | null>();
  for (const traceparent of malformed) {
    const id = (await server.get('/health/live', { headers: { traceparent } })).headers.get('x-correlation-id');
    t.match(id, /^[0-9a-f]{32}$/, traceparent);
    t.not(id, TRACE, traceparent);
    ids.add(id);
  }
  t.equal(ids.size, malformed.length, 'each has one of its own');
});
