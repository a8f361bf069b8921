import { apiFailure } from './api-failure.ts';
import { Failure } from './failure.ts';
import { parseJson } from './json.ts';
import type { Reply } from './reply.ts';
import type { Terminal } from './terminal.ts';

/**
 * Asks a server, within the time that `--timeout` gives. Redirections are not followed: what is sent is meant for that address.
 * @throws {Failure} `unreachable`, in words that say what stood in the way
 */
export async function ask(url: string, request: RequestInit, terminal: Terminal): Promise<Reply> {
  const { timeout } = terminal.options;
  const started = performance.now();
  try {
    const response = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.timeout(timeout * 1000) });
    const text = await response.text();
    terminal.trace(`${request.method ?? 'GET'} ${url} ${response.status} ${Math.round(performance.now() - started)} ms`);
    return { status: response.status, headers: response.headers, body: parseJson(text) };
  } catch (error) {
    throw unreachable(url, error, timeout);
  }
}

/**
 * Asks a server for something long, and gives its octets as they come, without a limit of time once they have begun.
 * @throws {Failure} as {@link ask}; `unreachable` also when it breaks off in the middle
 */
export async function readBody(url: string, request: RequestInit, terminal: Terminal): Promise<AsyncIterable<Uint8Array>> {
  const { timeout } = terminal.options;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('too late', 'TimeoutError')), timeout * 1000);
  try {
    const response = await fetch(url, { ...request, redirect: 'manual', signal: late.signal });
    if (response.status === 200 && response.body) return octets(url, response.body, timeout);
    throw apiFailure(url, { status: response.status, headers: response.headers, body: parseJson(await response.text()) });
  } catch (error) {
    throw error instanceof Failure ? error : unreachable(url, error, timeout);
  } finally {
    clearTimeout(timer);
  }
}

async function* octets(url: string, body: AsyncIterable<Uint8Array>, timeout: number): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw unreachable(url, error, timeout);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name cannot be looked up',
  ECONNRESET: 'the connection was broken off',
};

/** What stood in the way of a connection, in words. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message;
}

function unreachable(url: string, error: unknown, timeout: number): Failure {
  const late = error instanceof Error && error.name === 'TimeoutError';
  const reason = late ? `no answer within ${timeout} s` : reasonOf(error);
  return new Failure('unreachable', `${new URL(url).origin} cannot be reached: ${reason}`, {
    fix: 'check the address, and that the server runs; then try again',
    retryable: true,
    cause: error,
  });
}
