import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createSocketServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { applyLoad } from '../../bench/load/closed-loop.ts';

const TOKEN = JSON.stringify({ access_token: 'å.b.c' });

async function listen(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

function answer(listener: RequestListener): Server {
  return createServer({ keepAlive: true }, listener);
}

function requests(count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => Buffer.from(`GET /${n} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
}

t.test('every request is sent once, on no more connections than were asked for', async (t) => {
  const seen: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const port = await listen(
    t,
    answer((request, response) => {
      seen.push(request.url);
      sockets.add(request.socket);
      response.setHeader('Content-Length', Buffer.byteLength(TOKEN)).end(TOKEN);
    }),
  );
  const load = await applyLoad(requests(100), { port, connections: 4 });
  t.equal(load.errors, 0);
  t.same(new Set(seen).size, 100);
  t.equal(seen.length, 100);
  t.equal(sockets.size, 4);
  t.ok(load.seconds > 0);
  t.ok(load.latencies.every((latency) => latency > 0));
});

t.test('a connection that the server ends after an answer is opened anew', async (t) => {
  const server = createServer((_, response) => void response.setHeader('Content-Length', Buffer.byteLength(TOKEN)).end(TOKEN));
  server.maxRequestsPerSocket = 3;
  const load = await applyLoad(requests(20), { port: await listen(t, server), connections: 2 });
  t.equal(load.errors, 0);
});

t.test('an answer in pieces is put together', async (t) => {
  const pieces = [
    'HTTP/1.1 200 OK\r\nContent-Le',
    `ngth: ${Buffer.byteLength(TOKEN)}\r\n`,
    '\r',
    `\n${TOKEN.slice(0, 5)}`,
    TOKEN.slice(5),
  ];
  const server = createSocketServer((socket) => {
    socket.setNoDelay(true);
    socket.on('data', async () => {
      for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
    });
  });
  const load = await applyLoad(requests(3), { port: await listen(t, server), connections: 1 });
  t.equal(load.errors, 0);
});

t.test(
  'what is no token is an error: another status, another body, a broken connection, an answer without a length',
  async (t) => {
    const answers: Record<string, RequestListener> = {
      '/0': (_, response) => void response.writeHead(400, { 'Content-Length': 2 }).end('no'),
      '/1': (_, response) => void response.setHeader('Content-Length', 2).end('{}'),
      '/2': (request) => void request.socket.destroy(),
      '/3': (_, response) => void response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(TOKEN),
      '/4': (_, response) => void response.setHeader('Content-Length', Buffer.byteLength(TOKEN)).end(TOKEN),
    };
    const port = await listen(
      t,
      answer((request, response) => answers[request.url ?? '']?.(request, response)),
    );
    const load = await applyLoad(requests(5), { port, connections: 1 });
    t.equal(load.errors, 4);
    t.equal(load.firstError, '400 no');
  },
);

t.test('a server that is not there is an error for each request', async (t) => {
  const server = createSocketServer();
  const port = await listen(t, server);
  server.close();
  const load = await applyLoad(requests(3), { port, connections: 2 });
  t.equal(load.errors, 3);
  t.match(load.firstError, /ECONNREFUSED/);
});
