import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A server in a process of its own. */
export type MeasuredServer = {
  readonly issuer: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Microseconds of CPU, user and system, that its process has used so far. */
  cpu(): Promise<number>;
  /** Has it do its `work`, and tells what came of it. Nothing else may be asked meanwhile. */
  work(): Promise<object>;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
};

/**
 * Starts a program that calls `runMeasured`.
 * @param installation what it starts with; plain data.
 * @throws {Error} with what it said last, when it ends before it serves.
 */
export async function startMeasured(program: URL, installation: object): Promise<MeasuredServer> {
  const child = fork(program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const lastWords = keepLastWords(child);
  const ask = async (question: object | string): Promise<unknown> => {
    const over = new AbortController();
    const answered = once(child, 'message', { signal: over.signal });
    const gone = died(child, { signal: over.signal, lastWords });
    child.send(question);
    const [answer] = await Promise.race([answered, gone]).finally(() => over.abort());
    return answer;
  };
  const { issuer, port } = (await ask(installation)) as { issuer: string; port: number };
  return {
    issuer,
    port,
    cpu: async () => (await ask('cpu')) as number,
    work: async () => (await ask('work')) as object,
    stop: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

type Watch = { readonly signal: AbortSignal; readonly lastWords: () => string };

async function died(child: ChildProcess, { signal, lastWords }: Watch): Promise<never> {
  const [code, killed] = await once(child, 'exit', { signal });
  throw new Error(`the server ended with ${killed ?? code}: ${lastWords()}`);
}

/** How much of what the server writes to standard error is remembered, in characters. */
const LAST_WORDS = 4_000;

function keepLastWords({ stderr }: ChildProcess): () => string {
  let words = '';
  stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-LAST_WORDS);
  });
  return () => words;
}
