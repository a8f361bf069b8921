import { Connection } from '../../proving/connection.ts';

/** What a token request came to: a token, nothing (the connection broke), or the code of its refusal. */
export type Came = string;
export const TOKEN = 'token';
export const NOTHING = 'nothing';

/** Code of the refusal of a spent assertion. Contract §4.6 */
export const REPLAYED = 'MP-012';

/** Sends a request and reads what came of it. */
export async function ask(connection: Connection, request: Uint8Array): Promise<Came> {
  try {
    const { status, body } = await connection.ask(request);
    if (status === 200 && body.includes('"access_token"')) return TOKEN;
    return /\/errors\/([A-Z]+-\d+)"/.exec(body)?.[1] ?? `${status} ${body}`;
  } catch {
    return NOTHING;
  }
}

/** Connections on which everything is sent again: each worker gets some. */
const CONNECTIONS = 16;

/** Keeps account of assertions: what each has got, however often it is sent. */
export class Spending {
  readonly #tokens = new Map<Uint8Array, number>();
  /** How often each answer came, over all. */
  readonly came = new Map<Came, number>();

  /** Sends an assertion, perhaps not for the first time, and remembers what came. */
  async send(connection: Connection, request: Uint8Array): Promise<Came> {
    const came = await ask(connection, request);
    this.#tokens.set(request, (this.#tokens.get(request) ?? 0) + (came === TOKEN ? 1 : 0));
    this.came.set(came, (this.came.get(came) ?? 0) + 1);
    return came;
  }

  /**
   * Sends every assertion twice again, and forgets them. Whatever has got a token must be refused as a replay, and whatever got no answer
   * may get one token and not two. `PV-SEC-116`
   * @returns what was wrong, a sentence each.
   */
  async settle(ports: readonly number[]): Promise<string[]> {
    const failures: string[] = [];
    const queue = [...this.#tokens].values();
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async (_, place) => {
        const connection = new Connection(ports[place % ports.length] ?? 0);
        for (const [request, before] of queue) {
          const [second, third] = [await ask(connection, request), await ask(connection, request)];
          const tokens = before + [second, third].filter((came) => came === TOKEN).length;
          if (tokens > 1) failures.push(`an assertion got ${tokens} tokens`);
          else if (third !== REPLAYED) failures.push(`an assertion that must be spent was answered with ${third}`);
        }
        connection.close();
      }),
    );
    this.#tokens.clear();
    return failures;
  }
}
