import { Connection } from '../../proving/connection.ts';
import type { Target } from '../targets/target.ts';

/** Connections on which a spent assertion is sent again: enough that every worker of a small machine gets one. */
const AGAIN = 8;

/** What a replay that gets a token is called. */
export const ACCEPTED = 'accepted';

/**
 * Sends a request that has got its token again, each time on a new connection, which a cluster gives to its workers in turn, and to every
 * node where there are several.
 * @returns `accepted` when one of them got a token, otherwise the code at the end of the answers' `error_uri`, or their status and `error`.
 * @throws {Error} when the request got no token in the first place
 */
export async function replay({ name, server, requests }: Pick<Target, 'name' | 'server' | 'requests'>): Promise<string> {
  const [request] = await requests(1);
  if (!request) throw new Error('the target made no request');
  const first = await askOnce(server.port, request);
  if (first !== ACCEPTED) throw new Error(`${name}: a request got no token, but ${first}`);
  const answers = new Set<string>();
  for (const port of server.ports ?? [server.port]) for (let n = 0; n < AGAIN; n++) answers.add(await askOnce(port, request));
  return answers.has(ACCEPTED) ? ACCEPTED : [...answers].join(', ');
}

async function askOnce(port: number, request: Uint8Array): Promise<string> {
  const connection = new Connection(port);
  try {
    const { status, body } = await connection.ask(request);
    if (status === 200) return ACCEPTED;
    return /\/errors\/([A-Z]+-\d+)"/.exec(body)?.[1] ?? `${status} ${/"error":"(\w+)"/.exec(body)?.[1] ?? ''}`.trim();
  } finally {
    connection.close();
  }
}

/** What makes the figures worthless, a sentence each: requests without a token, a replay that got something else than it must. */
export function failuresOf(target: {
  readonly name: string;
  readonly errors: number;
  readonly firstError?: string;
  readonly replay?: string;
  readonly replayIs?: string;
}): string[] {
  const { name, errors, firstError, replay: answer, replayIs } = target;
  return [
    ...(errors === 0 ? [] : [`${name}: ${errors} requests got no token, the first: ${firstError}`]),
    ...(replayIs === undefined || answer === replayIs ? [] : [`${name}: a replay was answered with ${answer}, not ${replayIs}`]),
  ];
}
