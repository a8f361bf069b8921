import { setTimeout as pause } from 'node:timers/promises';
import type { Credentials } from '../../fixtures/made-up-world.ts';
import { Connection } from '../../proving/connection.ts';
import { type DataDirectory, makeDataDirectory } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { type Portvakt, servePortvakt } from '../../proving/portvakt.ts';
import { openPresigner, type Presigner } from '../../proving/presigner.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { Changing } from './changing.ts';
import { NOTHING, Spending, TOKEN } from './spending.ts';
import { integrityFlaws, verifyAudit } from './store.ts';

/** A closed scope of the made-up world, so that each token needs an access row. */
export const SCOPE = 'prove:bygg.read';

/** Processes of the server: enough that two of them meet at the store. */
const WORKERS = 2;

/** Connections that ask for tokens. */
const CONNECTIONS = 8;

/** Milliseconds that one rests whose server is gone, and in which it is looked whether the server is back. */
const REST = 10;

/** A Portvakt that is asked for tokens and for changes while something happens to it, and what has been promised by it. */
export class Trial {
  readonly directory: DataDirectory;
  readonly spending = new Spending();
  readonly changing: Changing;
  /** Tokens that were got, in all that were settled. */
  tokens = 0;
  readonly #presigner: Presigner;
  readonly #clients: readonly Credentials[];
  #server: Portvakt;

  private constructor(given: {
    directory: DataDirectory;
    server: Portvakt;
    presigner: Presigner;
    clients: readonly Credentials[];
  }) {
    this.directory = given.directory;
    this.#server = given.server;
    this.#presigner = given.presigner;
    this.#clients = given.clients;
    const { issuer, port } = this.directory;
    this.changing = new Changing({ issuer, port, admin: this.client('demo-owner-admin') });
  }

  /** Starts the server on the made-up world, in a data directory of its own. */
  static async open(): Promise<Trial> {
    const { world, clients } = await worldOfRun();
    const directory = await makeDataDirectory(world);
    const presigner = openPresigner();
    try {
      return new Trial({ directory, server: await servePortvakt(directory, { workers: WORKERS }), presigner, clients });
    } catch (error) {
      await presigner.close();
      await directory.remove();
      throw error;
    }
  }

  get server(): Portvakt {
    return this.#server;
  }

  /** A client of the made-up world. */
  client(name: string): Credentials {
    const found = this.#clients.find((client) => client.name === name);
    if (!found) throw new Error(`no client ${name} in the made-up world`);
    return found;
  }

  /** Whether a client of the made-up world has this id. */
  isClient(clientId: unknown): boolean {
    return this.#clients.some((client) => client.clientId === clientId);
  }

  /** Requests that each deserve a token, signed now. */
  async sign(count: number): Promise<Buffer[]> {
    const { issuer } = this.directory;
    const order = { ...this.client('demo-consumer'), audience: issuer, scope: SCOPE };
    const assertions = await this.#presigner.sign(Array.from({ length: count }, () => order));
    return assertions.map((assertion) => tokenRequest(issuer, { grant_type: JWT_BEARER, assertion }));
  }

  /** Starts the server again where it was killed. */
  async serveAgain(): Promise<void> {
    this.#server = await servePortvakt(this.directory, { workers: WORKERS });
  }

  /** Asks for tokens, on several connections, and makes changes, one by one, for as long as the happening takes. */
  async loadWhile<T>(requests: readonly Uint8Array[], happening: () => Promise<T>): Promise<T> {
    const token = await this.changing.token();
    const state = { isOver: false };
    const queue = requests.values();
    const asking = Array.from({ length: CONNECTIONS }, () => this.#ask(queue, () => !state.isOver));
    const changing = this.changing.run(token, () => !state.isOver);
    const happened = happening().finally(() => {
      state.isOver = true;
    });
    const [result] = await Promise.all([happened, changing, ...asking]);
    return result;
  }

  /** Milliseconds until an assertion gets a token on a connection of its own. @throws {Error} when none does within the time */
  async timeToToken(longest: number): Promise<number> {
    const began = performance.now();
    for (let came = ''; performance.now() - began < longest; await pause(REST)) {
      const [request] = await this.sign(1);
      const connection = new Connection(this.directory.port);
      if (request) came = await this.spending.send(connection, request);
      connection.close();
      if (came === TOKEN) return performance.now() - began;
    }
    throw new Error(`no token within ${longest} ms`);
  }

  /**
   * Holds the store to all that was promised: no assertion gets a second token, no acknowledged change is lost, the audit's chains hold and
   * speak of every token, and the database is whole. @returns what does not hold, a sentence each
   */
  async broken(): Promise<string[]> {
    const { database, port } = this.directory;
    this.tokens = this.spending.came.get(TOKEN) ?? 0;
    const spent = await this.spending.settle(port);
    const lost = await this.changing.lost();
    const audit = await verifyAudit(database).then(
      ({ types }) => (count(types, 'token.issuing') < this.tokens ? ['the audit does not speak of every token'] : []),
      (error: unknown) => [`the audit is broken: ${error}`],
    );
    return [...spent, ...lost, ...audit, ...integrityFlaws(database)];
  }

  async close(): Promise<void> {
    await this.#server.stop().finally(async () => {
      await this.#presigner.close();
      await this.directory.remove();
    });
  }

  async #ask(queue: IterableIterator<Uint8Array>, goesOn: () => boolean): Promise<void> {
    const connection = new Connection(this.directory.port);
    for (let next = queue.next(); goesOn() && !next.done; next = queue.next())
      if ((await this.spending.send(connection, next.value)) === NOTHING) await pause(REST);
    connection.close();
  }
}

function count(types: ReadonlyMap<string, number>, type: string): number {
  return types.get(type) ?? 0;
}
