import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back. */
export type Answer = { readonly status: number; readonly body: string };

/** How long an answer is waited for, in milliseconds: a server that holds a connection for ever is to be told of, not waited for. */
const PATIENCE = 10_000;

/**
 * One connection that asks one question at a time and is kept alive between them; when the server closes it after an answer,
 * the next question opens another. Plain sockets and no more of HTTP/1.1 than a token endpoint uses, so that the load costs
 * little beside what it measures.
 */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = '';
  #answered: ((answer: Answer) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  /** @param port on 127.0.0.1 */
  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends a whole request and waits for the whole answer.
   * @throws {Error} when the connection breaks before it has come, when it does not come in time, or when it is no HTTP with a Content-Length.
   */
  async ask(request: Uint8Array): Promise<Answer> {
    const socket = this.#socket ?? (await this.#open());
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      socket.setTimeout(PATIENCE);
      socket.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(): Promise<Socket> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('timeout', () => socket.destroy(new Error(`no answer in ${PATIENCE / 1000} s`)));
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('close', () => this.#fail(socket, new Error('the server closed the connection')));
    this.#socket = socket;
    return socket;
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd).toLowerCase();
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (!head.startsWith('http/1.1 ') || length === undefined) {
      this.#socket?.destroy(new Error(`not an answer that this client reads: ${head.slice(0, 100)}`));
      return;
    }
    const bodyStart = headEnd + 4;
    if (this.#received.length < bodyStart + Number(length)) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.#received.slice(bodyStart) };
    this.#received = '';
    this.#socket?.setTimeout(0);
    if (head.includes('\r\nconnection: close')) this.close();
    this.#answered?.(answer);
  }

  #fail(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.close();
    this.#received = '';
    this.#failed?.(error);
  }
}

const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/;
