import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAssertion } from '../../fixtures/assertion.ts';
import type { Credentials } from '../../fixtures/made-up-world.ts';
import { installWorld } from '../../fixtures/world.ts';
import { Connection } from '../../proving/connection.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { devConfig } from '../../server/config.ts';
import type { Log } from '../../server/core/ports.ts';
import { MINUTE } from '../../server/core/time.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import type { Chance } from '../chance.ts';
import { ask, type Came, TOKEN } from '../load/spending.ts';
import { SCOPE } from '../load/trial.ts';
import { TurningClock } from '../turning-clock.ts';

const ISSUER = 'http://localhost:7300/';

/** How long the clock is wrong, in seconds by its own timers: longer than a node remembers what its clock said. */
const WRONG = 12 * MINUTE;

/** Seconds after the repair in which the node must be ready again. Security §6 */
const BACK = 130;

/** Between two looks, in seconds. */
const STRIDE = 15;

/** Honest requests at each look. */
const ASKED = 2;

type Node = { readonly server: RunningServer; readonly connection: Connection };

/**
 * Two nodes with the true time, and one whose clock is turned and whose timers run ahead, on one database. The database's clock is the
 * true one, which can only be waited for: what is seen takes seconds, and is minutes to the node.
 */
export class WrongClock {
  readonly #time: TurningClock;
  readonly #nodes: readonly Node[];
  readonly #wrong: Node;
  readonly #client: Credentials;
  readonly #folder: string;
  readonly #next: Chance;
  readonly #used: Uint8Array[] = [];
  readonly #flaws: string[] = [];
  #asked = 0;
  #refused = 0;
  #replays = 0;

  private constructor(given: {
    time: TurningClock;
    nodes: readonly Node[];
    wrong: Node;
    client: Credentials;
    folder: string;
    next: Chance;
  }) {
    this.#time = given.time;
    this.#nodes = given.nodes;
    this.#wrong = given.wrong;
    this.#client = given.client;
    this.#folder = given.folder;
    this.#next = given.next;
  }

  /** @param location of a database with the schema and nothing in it. */
  static async open(location: string, next: Chance): Promise<WrongClock> {
    const { world, clients } = await worldOfRun();
    const client = clients.find(({ name }) => name === 'demo-consumer');
    if (!client) throw new Error('the made-up world has no demo-consumer');
    const folder = await mkdtemp(join(tmpdir(), 'portvakt-g5-'));
    const config = { ...devConfig({ dataDir: folder, port: 0, issuer: ISSUER }), store: { location } };
    const installation = { now: Math.floor(now()), correlationId: '0'.repeat(32), issuer: ISSUER };
    const time = new TurningClock(now());
    const { clock, monotonic, every } = time;
    const first = await startServer(config, { log: SILENT, prepare: (storage) => installWorld(world, storage, installation) });
    const second = await startServer(config, { log: SILENT });
    const third = await startServer(config, { log: SILENT, clock, monotonic, every });
    const [one, two, wrong] = [first, second, third].map((server) => ({ server, connection: new Connection(server.port) }));
    if (!one || !two || !wrong) throw new Error('three nodes');
    return new WrongClock({ time, nodes: [one, two], wrong, client, folder, next });
  }

  /** Sets the clock wrong by so many seconds and right again. */
  async run(by: number): Promise<{ readonly told: string; readonly flaws: readonly string[] }> {
    this.#set(0);
    await this.#serve('before the step', [...this.#nodes, this.#wrong]);
    if ((await this.#unready(this.#wrong)) !== undefined) this.#flaw('the node was not ready before the step');
    const wronglyServed = await this.#astray(by);
    const back = await this.#recover();
    await this.#serve('after the repair', [...this.#nodes, this.#wrong]);
    await this.#repeat();
    const told = `${this.#asked} honest requests, ${this.#refused} refused; ${wronglyServed} tokens of the wrong node`;
    return { told: `${told}; ready ${back} s after the repair; ${this.#replays} replays`, flaws: this.#flaws };
  }

  async close(): Promise<void> {
    for (const { connection, server } of [...this.#nodes, this.#wrong]) {
      connection.close();
      await server.close();
    }
    await rm(this.#folder, { recursive: true });
  }

  /** The node says that it is not ready, as long as it is wrong; whoever comes to it all the same keeps its time. @returns its tokens */
  async #astray(by: number): Promise<number> {
    let served = 0;
    for (let passed = 0; passed < WRONG; passed += STRIDE) {
      await this.#time.pass(STRIDE);
      this.#set(by);
      const unready = await this.#unready(this.#wrong);
      if (unready === undefined) this.#flaw(`ready ${passed} s after the step`);
      await this.#serve('meanwhile', this.#nodes);
      if ((await this.#ask(this.#wrong, this.#time.clock.now())) === TOKEN) served++;
      for (const node of this.#nodes)
        if ((await this.#unready(node)) !== undefined) this.#flaw('a node with the true time was not ready');
    }
    await this.#repeat();
    return served;
  }

  /** @returns seconds by the node's timers until it is ready again */
  async #recover(): Promise<number> {
    for (let passed = 0; passed < 2 * BACK; passed += STRIDE) {
      this.#set(0);
      await this.#time.pass(STRIDE);
      this.#set(0);
      if ((await this.#unready(this.#wrong)) !== undefined) continue;
      if (passed >= BACK) this.#flaw(`ready only ${passed} s after the repair`);
      return passed;
    }
    throw new Error('the node does not become ready again');
  }

  /** Its clock is so many seconds from the true one, whatever its timers think. */
  #set(wrong: number): void {
    this.#time.step(now() + wrong - this.#time.clock.now());
  }

  /** All honest requests are served. */
  async #serve(when: string, nodes: readonly Node[]): Promise<void> {
    for (const node of nodes) {
      for (let n = 0; n < ASKED; n++) {
        this.#asked++;
        const came = await this.#ask(node, now());
        if (came === TOKEN) continue;
        this.#refused++;
        this.#flaw(`${when} an honest client got ${came}`);
      }
    }
  }

  async #ask({ connection }: Node, at: number): Promise<Came> {
    const assertion = await makeAssertion({ ...this.#client, audience: ISSUER, scope: SCOPE, now: at, lifetime: 120 });
    const request = tokenRequest(ISSUER, { grant_type: JWT_BEARER, assertion });
    const came = await ask(connection, request);
    if (came === TOKEN) this.#used.push(request);
    return came;
  }

  /** Everything that has got a token is sent again, to a node by chance. */
  async #repeat(): Promise<void> {
    const all = [...this.#nodes, this.#wrong];
    for (const request of this.#used) {
      this.#replays++;
      const { connection } = all[this.#next(all.length)] ?? this.#wrong;
      if ((await ask(connection, request)) === TOKEN) this.#flaw('a used assertion was accepted again');
    }
  }

  #unready({ server }: Node): Promise<string | undefined> {
    return server.unready();
  }

  #flaw(sentence: string): void {
    this.#flaws.push(sentence);
  }
}

function now(): number {
  return Date.now() / 1000;
}

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };
