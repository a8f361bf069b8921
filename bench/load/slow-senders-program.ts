import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { SlowSendersOrder } from './slow-senders.ts';

// Half of the connections dribble the head of a request, the other half a body, an octet at a time; the server ends them when it will.
// Senders know nothing of each other: their octets, and so their ends, are spread over the time, not sent in one stroke.

/** Milliseconds between two octets of a connection. */
const PAUSE = 1_000;

/** Milliseconds between the turns in which a share of the connections sends its octet. */
const TURN = 10;

/** Milliseconds over which they are opened: a server that ends each after the same time then does not end all of them at once. */
const OPENING = 10_000;

const HEAD = 'POST /token HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const HEAD_AND_BODY =
  'POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\nassertion=';

/** The open connections, by the turn in which each sends. */
const turns = Array.from({ length: PAUSE / TURN }, () => new Set<Socket>());
let turn = 0;
let ended = 0;

process.once('disconnect', () => process.exit());
process.once('message', async (order: SlowSendersOrder) => {
  process.on('message', () => process.send?.(ended));
  setInterval(() => {
    turn = (turn + 1) % turns.length;
    for (const socket of turns[turn] ?? []) if (socket.writable) socket.write('a');
  }, TURN);
  const opened: Promise<unknown>[] = [];
  for (let n = 0; n < order.count; n++) {
    if (n % Math.ceil((order.count * TURN) / OPENING) === 0) await pause(TURN);
    opened.push(once(dribble(order.port, n), 'connect'));
  }
  await Promise.all(opened);
  process.send?.('open');
});

function dribble(port: number, place: number): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(place % 2 === 0 ? HEAD : HEAD_AND_BODY));
  const mates = turns[place % turns.length] as Set<Socket>;
  mates.add(socket);
  socket.resume();
  // What the server answers to half a request, and how it ends it, is counted as an end and told.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    mates.delete(socket);
    ended++;
    setTimeout(() => dribble(port, place), PAUSE / 10);
  });
  return socket;
}
