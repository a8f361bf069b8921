import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a Unix socket, on a free port of loopback, and carries bytes until it is told to swallow them. */
export class StubbornProxy {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #swallows = false;
  /** How often the client has said something. */
  said = 0;

  private constructor(target: string) {
    this.#server = createServer((near) => {
      const far = connect(target);
      near.on('data', () => void this.said++);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from);
        from.on('data', (bytes) => this.#swallows || to.write(bytes));
        from.on('error', () => {});
        from.on('close', () => {
          this.#open.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async before(target: string): Promise<StubbornProxy> {
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

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}
