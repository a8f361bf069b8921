import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A Unix socket, or a port of loopback. */
type Target = string | { readonly port: number };

/** Stands between a client and a server, on a free port of loopback, and carries bytes until it is told to swallow them, or be slow. */
export class StubbornProxy {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #swallows = false;
  #delay = 0;
  /** How often the client has said something. */
  said = 0;

  private constructor(target: Target) {
    this.#server = createServer((near) => {
      const far = typeof target === 'string' ? connect(target) : connect({ ...target, host: '127.0.0.1' });
      near.on('data', () => void this.said++);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from);
        const carry = from === far ? this.#inOrder(to) : (bytes: Buffer) => to.write(bytes);
        from.on('data', (bytes) => this.#swallows || carry(bytes));
        from.on('error', () => {});
        from.on('close', () => {
          this.#open.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async before(target: Target): Promise<StubbornProxy> {
    const proxy = new StubbornProxy(target);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on nothing arrives on either side, and nobody is told; or everything does again, on new connections. */
  swallow(swallows: boolean): void {
    this.#swallows = swallows;
  }

  /** From now on the client hears everything so many milliseconds later. */
  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** What was said first arrives first, also when the delay has changed meanwhile. */
  #inOrder(to: Socket): (bytes: Buffer) => void {
    let line = Promise.resolve();
    return (bytes) => {
      const due = performance.now() + this.#delay;
      line = line.then(async () => {
        const left = due - performance.now();
        if (left > 0) await pause(left);
        to.write(bytes);
      });
    };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}
