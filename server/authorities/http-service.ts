import type { Pool } from 'undici';
import { type OutboundSpan, type Tracing, untraced } from '../core/tracing.ts';

/** Connections to one service; what comes on top waits for one. */
const CONNECTIONS = 16;

/** Questions that may be under way and waiting; what comes on top is refused at once. */
const MOST_QUESTIONS = 512;

/** Largest answer that is read, in bytes. */
const MAX_BODY = 256 * 1024;

/** A question; the path is below the service's base. */
export type Question = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type HttpAnswer = { readonly status: number; readonly body: string };

/** There was no answer in time: the service is down, slow, out of reach, or something in front of it says so. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** There was no answer that means anything here. The message holds nothing of what came but its status. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** There are too many questions already, and this one was not put. It says nothing about the service. */
export class Unasked extends Error {
  override readonly name = 'Unasked';
}

/** What a gateway says in place of the service behind it. RFC 9110 §15.6.3 to §15.6.5 */
const GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** A service that is asked over HTTP: few connections, kept open, and every question bounded in time, size and number. */
export class HttpService {
  readonly #origin: string;
  readonly #prefix: string;
  readonly #tracing: Pick<Tracing, 'outbound'>;
  #pool: Promise<Pool> | undefined;
  #questions = 0;

  /** @param base an absolute URL, with or without a final slash; what is asked stands below it. */
  constructor(base: string, tracing: Pick<Tracing, 'outbound'> = untraced) {
    const { origin, pathname } = new URL(base);
    this.#origin = origin;
    this.#prefix = pathname.replace(/\/$/, '');
    this.#tracing = tracing;
  }

  /**
   * Asks and reads the whole answer. A redirection is an answer, and not followed. Where traces are recorded, the question is part of one.
   * @param signal ends the wait.
   * @throws {Unreachable | NoAnswer | Unasked}
   */
  ask(question: Question, signal: AbortSignal): Promise<HttpAnswer> {
    const path = `${this.#prefix}${question.path}`;
    const to = { method: question.method, origin: this.#origin, path: path.split('?', 1)[0] ?? path };
    return this.#tracing.outbound(to, (span) => this.#ask({ ...question, path }, { signal, span }));
  }

  async #ask(question: Question, { signal, span }: { signal: AbortSignal; span: OutboundSpan }): Promise<HttpAnswer> {
    const { traceparent } = span;
    const headers = { ...question.headers, ...(traceparent !== undefined && { traceparent }) };
    if (this.#questions >= MOST_QUESTIONS) throw new Unasked('too many questions are waiting');
    this.#questions++;
    try {
      this.#pool ??= openPool(this.#origin);
      const answer = await (await this.#pool).request({ ...question, headers, signal });
      span.answered(answer.statusCode);
      const body = await readBounded(answer.body);
      if (GATEWAY.has(answer.statusCode)) throw new Unreachable(`answers ${answer.statusCode}`);
      return { status: answer.statusCode, body };
    } catch (error) {
      throw error instanceof NoAnswer || error instanceof Unreachable ? error : unreachable(error, signal);
    } finally {
      this.#questions--;
    }
  }

  /** Ends all connections, and what is being asked on them. */
  async close(): Promise<void> {
    await (await this.#pool)?.destroy();
  }
}

/** The library is loaded by the first question: most servers start without asking anybody, and start sooner. */
async function openPool(origin: string): Promise<Pool> {
  const { Pool } = await import('undici');
  return new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BODY) throw new NoAnswer(`answers with more than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString();
}

function unreachable(cause: unknown, signal: AbortSignal): Unreachable {
  if (signal.aborted) return new Unreachable('does not answer in time', { cause });
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new Unreachable(`cannot be reached${code}`, { cause });
}
