import { setTimeout as pause } from 'node:timers/promises';
import type { Credentials } from '../../fixtures/made-up-world.ts';
import { Connection } from '../../proving/connection.ts';
import { accessToken, apiRequest } from './api-request.ts';

/** Where the changes are made, and in whose name. */
export type Administered = { readonly issuer: string; readonly ports: readonly number[]; readonly admin: Credentials };

/** Milliseconds until the next change is tried where one was refused. */
const REFUSED_REST = 100;

const WRITE = 'idporten:scopes.write';

/**
 * Registers scopes and describes them anew, one change at a time, and remembers of each what may stand in the store: what was acknowledged
 * must, what got no answer may. `PV-SEC-092`
 */
export class Changing {
  readonly #where: Administered;
  /** By name, the descriptions that may be found; undefined: that it is not there. */
  readonly #possible = new Map<string, Set<string | undefined>>();
  #number = 0;
  #turn = 0;
  acknowledged = 0;

  constructor(where: Administered) {
    this.#where = where;
  }

  /** Makes ready for changes at the next node: what they are made with is to be had while it still answers. */
  async begin(): Promise<{ run(goesOn: () => boolean): Promise<void> }> {
    const port = this.#next();
    const token = await this.#token(port);
    return {
      // Until it is told to stop, or the connection breaks.
      run: async (goesOn) => {
        const connection = new Connection(port);
        while (goesOn() && (await this.#change(connection, token)));
        connection.close();
      },
    };
  }

  /** @returns what was acknowledged and is not there, a sentence each. @throws {Error} when the scopes cannot be read */
  async lost(): Promise<string[]> {
    const { issuer } = this.#where;
    const port = this.#next();
    const token = await this.#token(port);
    const connection = new Connection(port);
    const { status, body } = await connection.ask(apiRequest(issuer, { method: 'GET', path: '/scopes', token }));
    connection.close();
    if (status !== 200) throw new Error(`the scopes cannot be read: ${status} ${body}`);
    const scopes = JSON.parse(body) as { name: string; description: string }[];
    const found = new Map(scopes.map(({ name, description }) => [name, description]));
    return [...this.#possible].flatMap(([name, possible]) => {
      if (possible.has(found.get(name))) return [];
      return [`${name} is described as ${found.get(name)}, not ${[...possible].join(' or ')}`];
    });
  }

  /** One node after the other. */
  #next(): number {
    const { ports } = this.#where;
    return ports[this.#turn++ % ports.length] ?? 0;
  }

  #token(port: number): Promise<string> {
    const { admin, issuer } = this.#where;
    return accessToken({ issuer, port }, { ...admin, scope: WRITE });
  }

  /** Every other change describes the scope before. @returns whether there was an answer. @throws {Error} for a refusal */
  async #change(connection: Connection, token: string): Promise<boolean> {
    const number = this.#number++;
    const subscope = `gate.${number - (number % 2)}`;
    const name = `prove:${subscope}`;
    const possible = this.#possible.get(name) ?? new Set([undefined]);
    this.#possible.set(name, possible.add(`${number}`));
    const [method, path] = number % 2 === 0 ? ['POST', '/scopes'] : ['PUT', `/scopes?scope=${name}`];
    const body = JSON.stringify({ prefix: 'prove', subscope, description: `${number}` });
    const answer = await connection.ask(apiRequest(this.#where.issuer, { method, path, token, body })).catch(() => undefined);
    if (answer?.status === 200) {
      this.#possible.set(name, new Set([`${number}`]));
      this.acknowledged++;
    } else if (answer && !(answer.status === 503 || possible.has(undefined)))
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    if (answer?.status === 503) await pause(REFUSED_REST);
    return answer !== undefined;
  }
}
