import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** How it ends: connections that have no request closed at once, or left until they run out, so that no request is on its way to a closed one. */
export type Ending = 'now' | 'gently';

/** The addresses that a server listens on, all with one port, until it ends. */
export class Listening {
  readonly #servers: readonly Server[];
  /** Connections under TLS, which the server itself knows only once the handshake is over. */
  readonly #secured = new Set<Socket>();
  /** Connections on which nothing has been asked, by their ends: Node takes them for busy. Under TLS a request names another socket. */
  readonly #silent = new Map<string, Socket>();
  #ending = false;

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
    for (const server of servers) {
      server.on('connection', (socket) => this.#await(socket));
      server.prependListener('request', ({ socket }, response) => {
        this.#silent.delete(endsOf(socket));
        if (this.#ending) response.setHeader('Connection', 'close');
      });
      if (server instanceof TlsServer) server.on('connection', (socket) => this.#note(socket));
    }
  }

  /**
   * Listens on every address. An IPv6 address that the machine does not have is passed over, the first is not.
   * @param port 0 takes a free one.
   * @returns the port
   * @throws the system's error, when the port is taken
   */
  async start(hosts: readonly string[], port: number): Promise<number> {
    let taken = port;
    for (const [place, server] of this.#servers.entries()) {
      try {
        server.listen({ host: hosts[place], port: taken });
        await once(server, 'listening');
        taken = (server.address() as AddressInfo).port;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (place === 0 || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw error;
      }
    }
    return taken;
  }

  /**
   * Listens on sockets that are open already, from descriptor 3 on, and that stay open for others when this ends: one process can follow
   * another without a moment in which a connection is refused. sd_listen_fds(3)
   * @returns where they listen
   * @throws the system's error, when a descriptor is no such socket
   */
  async take(): Promise<readonly AddressInfo[]> {
    const taken: AddressInfo[] = [];
    for (const [place, server] of this.#servers.entries()) {
      server.listen({ fd: FIRST_DESCRIPTOR + place });
      await once(server, 'listening');
      taken.push(server.address() as AddressInfo);
    }
    return taken;
  }

  /**
   * Takes no more connections, and resolves when all that there were are closed. What is asked on them meanwhile is answered, and
   * told that it was the last.
   * @param timeout seconds after which they are cut. `PV-SEC-124`
   */
  async stop(how: Ending, timeout: number): Promise<void> {
    this.#ending = true;
    const open = this.#servers.filter((server) => server.listening);
    const cut = setTimeout(() => this.cut(), timeout * 1_000);
    const closed = Promise.all(open.map((server) => close(server, how)));
    if (how === 'now') for (const socket of this.#silent.values()) socket.destroy();
    await closed;
    clearTimeout(cut);
  }

  /** Closes every connection, whatever it is doing. */
  cut(): void {
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#secured) socket.destroy();
  }

  #await(socket: Socket): void {
    const ends = endsOf(socket);
    this.#silent.set(ends, socket);
    socket.once('close', () => {
      if (this.#silent.get(ends) === socket) this.#silent.delete(ends);
    });
  }

  #note(socket: Socket): void {
    this.#secured.add(socket);
    socket.once('close', () => this.#secured.delete(socket));
  }
}

/** SD_LISTEN_FDS_START */
const FIRST_DESCRIPTOR = 3;

/** The same for a connection and for what is secured in it. */
function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}

function close(server: Server, how: Ending): Promise<unknown> {
  const closed = once(server, 'close');
  // What http.Server adds to its parent's close is to close the idle connections.
  if (how === 'now') server.close();
  else NetServer.prototype.close.call(server);
  return closed;
}
