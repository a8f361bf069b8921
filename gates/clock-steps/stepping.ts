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

/** How a clock is set wrong: at once, or little by little over so many seconds. */
export type Step = { readonly name: string; readonly by: number; readonly over?: number };

/** Seconds after the repair in which honest clients must be served again. Security §6 */
const BACK = 130;

/** Before anything happens, in seconds: longer than the server remembers what its clock said. */
const CALM = 6 * MINUTE;

/** How long the clock stays wrong, and how long it is looked on afterwards: what is used meanwhile is over and removed by then. */
const WRONG = 15 * MINUTE;
const AFTER = 12 * MINUTE;

/** Between two looks, in seconds: at least so many, and less than twice that. */
const STRIDE = 10;

/** While nothing happens. */
const LONG_STRIDE = MINUTE;

/** Used assertions that are sent again at a look; where what they were made for comes again, all that could be used then. */
const AGAIN = 4;

const ISSUER = 'http://localhost:7300/';

/** An assertion that has got a token. */
type Used = { readonly request: Uint8Array; readonly iat: number; readonly exp: number };

type Found = { readonly told: string; readonly flaws: readonly string[] };

/** A server on a clock that is turned, a client that keeps the true time, one that keeps the server's, and whoever repeats what they said. */
export class Stepping {
  readonly #time: TurningClock;
  readonly #next: Chance;
  readonly #server: RunningServer;
  readonly #connection: Connection;
  readonly #clients: readonly Credentials[];
  readonly #folder: string;
  readonly #used: Used[] = [];
  readonly #flaws: string[] = [];
  #replays = 0;
  #asked = 0;

  private constructor(given: {
    time: TurningClock;
    next: Chance;
    server: RunningServer;
    clients: readonly Credentials[];
    folder: string;
  }) {
    this.#time = given.time;
    this.#next = given.next;
    this.#server = given.server;
    this.#clients = given.clients;
    this.#folder = given.folder;
    this.#connection = new Connection(given.server.port);
  }

  static async open(next: Chance): Promise<Stepping> {
    const { world, clients } = await worldOfRun();
    const folder = await mkdtemp(join(tmpdir(), 'portvakt-g5-'));
    const time = new TurningClock(Math.floor(Date.now() / 1000));
    const { clock, monotonic, every } = time;
    const installation = { now: time.truth, correlationId: '0'.repeat(32), issuer: ISSUER };
    try {
      const server = await startServer(devConfig({ dataDir: folder, port: 0, issuer: ISSUER }), {
        ...{ clock, monotonic, every, log: SILENT },
        prepare: (storage) => installWorld(world, storage, installation),
      });
      return new Stepping({ time, next, server, clients, folder });
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** Sets the clock wrong and right again, and waits until the wrong time has come. */
  async run({ by, over }: Step): Promise<Found> {
    await this.#serve('before the step', CALM);
    if (over !== undefined) return this.#smear(by, over);
    // What is used now is what a clock that is set back comes to once more.
    if (by < 0) await this.#rest(-by);
    const began = this.#time.truth + by;
    this.#time.step(by);
    const { lasted, tokens } = await this.#astray();
    const ended = began + lasted;
    // A time that has been before is forgotten as a whole: whoever goes back to it may be refused.
    if (by > 0 && tokens === 0) this.#flaws.push('the client with the wrong time was never served: nothing was shown');
    this.#time.step(-by);
    const { served, ready } = await this.#recover();
    const shutOut = by > 0 ? await this.#comeAgain(began, ended) : 0;
    const later = by > 0 ? `, ${shutOut} shut out when the wrong time came` : '';
    return this.#found(`tokens refused for ${served} s after the repair, and not ready for ${ready} s${later}`);
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.#server.close();
    await rm(this.#folder, { recursive: true });
  }

  /** A smear is a clock that is wrong by less than a second, or two where others do not smear: nobody may notice. */
  async #smear(by: number, over: number): Promise<Found> {
    for (let passed = 0; passed < over; passed += STRIDE) {
      this.#time.step((by * STRIDE) / over);
      await this.#serve('during the smear', STRIDE);
      if ((await this.#server.unready()) !== undefined) this.#flaws.push('the server was not ready during the smear');
    }
    this.#time.step(-by);
    await this.#serve('after the smear', AFTER);
    return this.#found('served all the time');
  }

  /** All honest requests are served. */
  async #serve(when: string, seconds: number): Promise<void> {
    await this.#look(seconds, async () => {
      const came = await this.#ask(this.#time.truth);
      if (came !== TOKEN) this.#flaws.push(`${when} an honest client got ${came}`);
    });
  }

  /** Nobody can be served who keeps the true time. @returns how long it lasted, and the tokens of who went along */
  async #astray(): Promise<{ readonly lasted: number; readonly tokens: number }> {
    let tokens = 0;
    const lasted = await this.#look(WRONG, async () => {
      await this.#ask(this.#time.truth);
      if ((await this.#ask(this.#time.clock.now())) === TOKEN) tokens++;
    });
    return { lasted, tokens };
  }

  /** @returns seconds after the repair until all honest clients are served, and until the server says that it is ready. */
  async #recover(): Promise<{ readonly served: number; readonly ready: number }> {
    const repaired = this.#time.truth;
    const last = { served: 0, ready: 0 };
    const hold = (what: keyof typeof last, flaw: string | undefined): void => {
      if (flaw === undefined) return;
      last[what] = this.#time.truth - repaired;
      if (last[what] >= BACK) this.#flaws.push(`${last[what]} s after the repair: ${flaw}`);
    };
    await this.#look(AFTER, async () => {
      const came = await this.#ask(this.#time.truth);
      hold('served', came === TOKEN ? undefined : `an honest client got ${came}`);
      const unready = await this.#server.unready();
      hold('ready', unready && `the server is not ready: ${unready}`);
    });
    return last;
  }

  /**
   * What was used at the wrong time could be used once more when that time comes, and nobody remembers it. Honest clients may be shut out
   * then, for no longer than the clock was wrong and an assertion lives. @returns how many were
   */
  async #comeAgain(began: number, ended: number): Promise<number> {
    await this.#rest(began - this.#time.truth - 2 * MINUTE);
    let shutOut = 0;
    await this.#look(
      ended + 4 * MINUTE - this.#time.truth,
      async () => {
        const came = await this.#ask(this.#time.truth);
        if (came === TOKEN) return;
        shutOut++;
        if (came !== 'PV-134' || this.#time.truth > ended + 2 * MINUTE + STRIDE)
          this.#flaws.push(`${this.#time.truth - ended} s behind the wrong time an honest client got ${came}`);
      },
      Number.POSITIVE_INFINITY,
    );
    return shutOut;
  }

  /** Lets time pass while hardly anybody asks; who does is served. */
  async #rest(seconds: number): Promise<void> {
    const until = this.#time.truth + seconds;
    for (let look = 0; this.#time.truth < until; look++) {
      await this.#time.pass(Math.min(LONG_STRIDE, until - this.#time.truth));
      if (look % 20 !== 0) continue;
      const came = await this.#ask(this.#time.truth);
      if (came !== TOKEN) this.#flaws.push(`in between an honest client got ${came}`);
    }
  }

  /** Lets time pass, does something at each look, and sends again what could be used then. @returns how long it took */
  async #look(seconds: number, work: () => Promise<void>, again = AGAIN): Promise<number> {
    const began = this.#time.truth;
    while (this.#time.truth < began + seconds) {
      await work();
      await this.#repeat(again);
      await this.#time.pass(STRIDE + this.#next(STRIDE));
    }
    return this.#time.truth - began;
  }

  async #repeat(most: number): Promise<void> {
    const now = this.#time.clock.now();
    const usable = this.#used.filter(({ iat, exp }) => iat - now <= 10 && exp > now);
    const from = this.#next(Math.max(1, usable.length - most));
    for (const { request, iat } of usable.slice(from, from + most)) {
      this.#replays++;
      const came = await ask(this.#connection, request);
      if (came === TOKEN) this.#flaws.push(`an assertion of ${Math.round(now - iat)} s ago was accepted again`);
      else if (!REFUSALS.includes(came)) this.#flaws.push(`a replay was answered with ${came}`);
    }
  }

  /** Asks with a new assertion of a client whose clock says so; what gets a token is used. */
  async #ask(now: number): Promise<Came> {
    const client = this.#clients.find(({ name }) => name === 'demo-consumer');
    if (!client) throw new Error('the made-up world has no demo-consumer');
    const iat = Math.floor(now);
    const lifetime = 120;
    const assertion = await makeAssertion({ ...client, audience: ISSUER, scope: SCOPE, now: iat, lifetime });
    const request = tokenRequest(ISSUER, { grant_type: JWT_BEARER, assertion });
    this.#asked++;
    const came = await ask(this.#connection, request);
    if (came === TOKEN) this.#used.push({ request, iat, exp: iat + lifetime });
    return came;
  }

  #found(told: string): Found {
    if (this.#replays === 0) this.#flaws.push('nothing was sent again');
    return { told: `${told}; ${this.#asked} asked, ${this.#used.length} served, ${this.#replays} replays`, flaws: this.#flaws };
  }
}

/** A known replay; or of a time that nobody remembers. */
const REFUSALS = ['MP-012', 'PV-134'];

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };
