import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import t from 'tap';
import { newUser } from '../cli/portvakt.ts';

/** What OTLP/HTTP sends as JSON, as far as it is read here. */
type Sent = {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly Received[];
    }[];
  }[];
};
type Received = { readonly traceId: string; readonly spanId: string; readonly parentSpanId?: string; readonly name: string };

const skip = process.platform === 'win32' && 'NODE_OPTIONS cannot be given to one program alone';

t.test(
  'each worker sends its spans by the SDK that NODE_OPTIONS=--import brings, the last ones when it stops',
  { skip },
  async (t) => {
    const batches: Received[][] = [];
    const collector = createServer(async (request, response) => {
      const { resourceSpans } = (await json(request)) as Sent;
      const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
      batches.push(scopes.filter(({ scope }) => scope.name === 'portvakt').flatMap(({ spans }) => [...spans]));
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    t.teardown(() => {
      collector.closeAllConnections();
      collector.close();
    });
    const user = await newUser(t);
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      PORTVAKT_WORKERS: '2',
    };
    const nodeOptions = `--import=${import.meta.resolve('./sends-traces.ts')}`;
    const dev = user.start(['dev', '--port', '0', '-o', 'json'], { env, nodeOptions });
    const { issuer } = JSON.parse((await dev.line) ?? '{}');
    const bodies = Array.from({ length: 8 }, (_, place) => `grant_type=none&${place}`);
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Connection: 'close' };
    const answers = await Promise.all(bodies.map((body) => fetch(`${issuer}token`, { method: 'POST', body, headers })));
    const traces = answers.map((answer) => answer.headers.get('x-correlation-id'));
    t.same(batches, [], 'nothing is due yet');
    dev.child.kill('SIGTERM');
    t.match(await dev.ended, { code: 0, signal: null });
    const requests = batches.flat().filter(({ name }) => name === 'POST /token');
    t.same(requests.map(({ traceId }) => traceId).sort(), [...traces].sort(), 'every request, each in its own trace');
    t.equal(batches.length, 2, 'from both workers');
  },
);
