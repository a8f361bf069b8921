import { setTimeout as pause } from 'node:timers/promises';
import type { Credentials } from '../../fixtures/made-up-world.ts';
import { closing } from '../../proving/closing.ts';
import { Connection } from '../../proving/connection.ts';
import type { DataDirectory } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import type { Portvakt } from '../../proving/portvakt.ts';
import { openPresigner, type Presigner } from '../../proving/presigner.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { Changing } from './changing.ts';
import { NOTHING, Spending, TOKEN } from './spending.ts';
import { type Stand, sqliteStand } from './stand.ts';
import { judgeAudit } from './store.ts';
import { TrialNode } from './trial-node.ts';

/** A closed scope of the made-up world, so that each token needs an access row. */
export const SCOPE = 'prove:bygg.read';

/** Connections that ask for tokens. */
const CONNECTIONS = 8;

/** Milliseconds that one rests whose server is gone, and in which it is looked whether the server is back. */
const REST = 10;

/** Milliseconds that one rests who was refused: nobody is let in sooner by asking faster. */
const REFUSED_REST = 100;

/** Nodes of Portvakt that are asked for tokens and for changes while something happens to them, and what has been promised by them. */
export class Trial {
  readonly nodes: readonly [TrialNode, ...TrialNode[]];
  readonly spending = new Spending();
  readonly changing: Changing;
  /** Tokens that were got, in all that were settled. */
  tokens = 0;
  readonly #stand: Stand;
  readonly #presigner: Presigner;
  readonly #clients: readonly Credentials[];

  private constructor(given: {
    stand: Stand;
    nodes: readonly [TrialNode, ...TrialNode[]];
    presigner: Presigner;
    clients: readonly Credentials[];
  }) {
    this.#stand = given.stand;
    this.nodes = given.nodes;
    this.#presigner = given.presigner;
    this.#clients = given.clients;
    this.changing = new Changing({ issuer: this.issuer, ports: this.ports, admin: this.client('demo-owner-admin') });
  }

  /** Starts one node on the made-up world, on a file. */
  static async open(): Promise<Trial> {
    return Trial.on(await sqliteStand());
  }

  /** Starts the nodes of a stand, which is removed with the trial. */
  static async on(stand: Stand): Promise<Trial> {
    const presigner = openPresigner();
    const { workers } = stand;
    const [one, ...rest] = stand.directories;
    const started: TrialNode[] = [];
    try {
      // One after the other: the first one tells the store what it runs by.
      const first = await TrialNode.start(one, workers);
      started.push(first);
      for (const directory of rest) started.push(await TrialNode.start(directory, workers));
      const { clients } = await worldOfRun();
      return new Trial({ stand, nodes: [first, ...started.slice(1)], presigner, clients });
    } catch (error) {
      for (const { server } of started) await server.kill('all');
      await presigner.close();
      await stand.remove();
      throw error;
    }
  }

  /** Of the first node. */
  get directory(): DataDirectory {
    return this.nodes[0].directory;
  }

  /** The first node. */
  get server(): Portvakt {
    return this.nodes[0].server;
  }

  get issuer(): string {
    return this.directory.issuer;
  }

  /** Of each node. */
  get ports(): readonly number[] {
    return this.nodes.map(({ port }) => port);
  }

  /** The processes that answer, of all nodes. */
  workers(): readonly number[] {
    return this.nodes.flatMap(({ server }) => server.workers());
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
    const { issuer } = this;
    const order = { ...this.client('demo-consumer'), audience: issuer, scope: SCOPE };
    const assertions = await this.#presigner.sign(Array.from({ length: count }, () => order));
    return assertions.map((assertion) => tokenRequest(issuer, { grant_type: JWT_BEARER, assertion }));
  }

  /** Connections to all nodes in turn. */
  connections(count: number): readonly Connection[] {
    const { ports } = this;
    return Array.from({ length: count }, (_, n) => new Connection(ports[n % ports.length] ?? 0));
  }

  /** Starts the first node again where it was killed. */
  async serveAgain(): Promise<void> {
    await this.nodes[0].serveAgain();
  }

  /** Asks all nodes for tokens, on several connections, and makes changes at one, for as long as the happening takes. */
  async loadWhile<T>(requests: readonly Uint8Array[], happening: () => Promise<T>): Promise<T> {
    const administering = await this.changing.begin();
    const state = { isOver: false };
    const queue = requests.values();
    const asking = this.connections(CONNECTIONS).map((connection) => this.#ask(connection, queue, () => !state.isOver));
    const changing = administering.run(() => !state.isOver);
    const happened = happening().finally(() => {
      state.isOver = true;
    });
    const [result] = await Promise.all([happened, changing, ...asking]);
    return result;
  }

  /** Milliseconds until every node gives a token on a connection of its own. @throws {Error} when one does not within the time */
  async timeToToken(longest: number): Promise<number> {
    const began = performance.now();
    for (const { port } of this.nodes) {
      for (let came = ''; came !== TOKEN; ) {
        const [request] = await this.sign(1);
        const connection = new Connection(port);
        if (request) came = await this.spending.send(connection, request);
        connection.close();
        if (came === TOKEN) continue;
        if (performance.now() - began > longest) throw new Error(`no token within ${longest} ms: ${came}`);
        await pause(REST);
      }
    }
    return performance.now() - began;
  }

  /**
   * Holds the store to all that was promised: no assertion gets a second token, whichever node is asked, no acknowledged change is lost, the
   * audit's chains hold and speak of every token, and the database is whole. @returns what does not hold, a sentence each
   */
  async broken(): Promise<string[]> {
    this.tokens = this.spending.came.get(TOKEN) ?? 0;
    const spent = await this.spending.settle(this.ports);
    const lost = await this.changing.lost();
    const audit = await judgeAudit(this.directory.database, this.tokens);
    return [...spent, ...lost, ...audit.flaws, ...(await this.#stand.flaws())];
  }

  /** Stops all nodes, and removes the stand when none of them runs any more. */
  async close(): Promise<void> {
    await closing(async (later) => {
      later(() => this.#stand.remove());
      later(() => this.#presigner.close());
      const stopped = await Promise.allSettled(this.nodes.map(({ server }) => server.stop()));
      for (const one of stopped) if (one.status === 'rejected') throw one.reason;
    });
  }

  async #ask(connection: Connection, queue: IterableIterator<Uint8Array>, goesOn: () => boolean): Promise<void> {
    for (let next = queue.next(); goesOn() && !next.done; next = queue.next()) {
      const came = await this.spending.send(connection, next.value);
      if (came !== TOKEN) await pause(came === NOTHING ? REST : REFUSED_REST);
    }
    connection.close();
  }
}
