import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { SlowSendersOrder } from './slow-senders.ts';

// Half of the connections dribble the head of a request, the other half a body, an octet at a time; the server ends them when it will.

/** Milliseconds between two octets of a connection. */
const PAUSE = 1_000;

/** Connections that are opened at once: the queue of a listening socket holds no more than some hundred. */
const AT_ONCE = 100;

const HEAD = 'POST /token HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const HEAD_AND_BODY =
  'POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\nassertion=';

const open = new Set<Socket>();
let ended = 0;

process.once('disconnect', () => process.exit());
process.once('message', async (order: SlowSendersOrder) => {
  process.on('message', () => process.send?.(ended));
  for (let n = 0; n < order.count; n += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, order.count - n) }, (_, at) => dribble(order.port, n + at));
    await Promise.all(some.map((socket) => once(socket, 'connect')));
  }
  setInterval(() => {
    for (const socket of open) if (socket.writable) socket.write('a');
  }, PAUSE);
  process.send?.('open');
});

function dribble(port: number, place: number): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(place % 2 === 0 ? HEAD : HEAD_AND_BODY));
  open.add(socket);
  socket.resume();
  // What the server answers to half a request, and how it ends it, is counted as an end and told.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    open.delete(socket);
    ended++;
    setTimeout(() => dribble(port, place), PAUSE / 10);
  });
  return socket;
}
