import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { Standing } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { ForgottenSpans } from '../forgotten-spans.ts';
import type { ChangeMark } from './change-mark.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';

/** How long the version is taken to be what it was, in milliseconds, unless a notice says otherwise: a lost one costs no more than this. */
const BELIEVED = 800;

/** Pauses between attempts to hear notices again, in milliseconds. */
const PAUSES = [50, 200, 1_000];

/** The name under which nodes are told of changes. */
const CHANNEL = 'portvakt_changed';

type StandingRow = { readonly version: number; readonly issuedFrom: EpochSeconds; readonly forgotten: string };

const STANDING = 'SELECT version, issued_from AS "issuedFrom", forgotten FROM register_version, replay_floor';

/**
 * What every request asks first: the version that every change of what is registered raises, and the replay floor. A round trip for each
 * request would cost as much as all else that a token does to the database, so it is kept: the process that makes a change asks anew before
 * the change is answered, and so do the others of its node, which see its mark; other nodes when they are told by a notice, and where that
 * is lost, or the database knows none, once what was kept is old. `PV-SEC-072`, `PV-SEC-073`
 */
export class StandingWatch {
  readonly #ask: () => Promise<StandingRow | undefined>;
  readonly #config: ClientConfig;
  readonly #mark: ChangeMark | undefined;
  readonly #spans = new ForgottenSpans();
  #known: Standing | undefined;
  /** When the question was sent that it answers. */
  #confirmed = Number.NEGATIVE_INFINITY;
  /** Counts what was heard, so that an answer to an earlier question does not stand above it. */
  #news = 0;
  /** The question whose answer is waited for, and when it was sent. */
  #asking: Promise<Standing> | undefined;
  #asked = Number.NEGATIVE_INFINITY;
  #listener: Client | undefined;
  #isClosed = false;

  /** @param mark what the processes of this node tell each other by; absent: they are told as other nodes are */
  constructor(reading: ConnectionPool, config: ClientConfig, mark?: ChangeMark) {
    const standing = reading.statements.statement<[], StandingRow>(STANDING);
    this.#ask = () => standing.get();
    this.#config = config;
    this.#mark = mark;
  }

  /** What it is, or was less than a second ago. @throws {StoreUnavailable} */
  async current(): Promise<Standing> {
    if (this.#mark?.hasMoved()) this.moved();
    const now = performance.now();
    if (this.#known !== undefined && now - this.#confirmed < BELIEVED) return this.#known;
    // A question that was sent long ago, to a database that is slow or by a process that was stopped meanwhile, is answered as of then.
    if (this.#asking === undefined || now - this.#asked >= BELIEVED) {
      const asking = this.#confirm().finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
      this.#asking = asking;
      this.#asked = now;
    }
    return this.#asking;
  }

  /** Is told that something has changed, here or elsewhere: whoever asks from now on is told what it is then. */
  moved(): void {
    this.#news++;
    this.#confirmed = Number.NEGATIVE_INFINITY;
    this.#asking = undefined;
  }

  /**
   * Tells of a change that is made: the processes of this node at once, the other nodes in a moment. Nothing hangs on it: who was not
   * told asks, once what it knows is old.
   */
  async tell(connection: Connection): Promise<void> {
    this.moved();
    await Promise.allSettled([
      (async () => this.#mark?.move())(),
      connection.statement<[channel: string]>("SELECT pg_notify($1, '')").all(CHANNEL),
    ]);
  }

  /** Hears notices until {@link close}, whatever becomes of the connection; until it hears them, it asks. */
  async listen(): Promise<void> {
    for (let attempt = 0; !this.#isClosed; attempt++) {
      const heard = await this.#hear();
      if (heard) attempt = 0;
      await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)], undefined, { ref: false });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#listener?.end();
  }

  /** The version may be lower than what was known: another database has taken the place of one that had more. */
  async #confirm(): Promise<Standing> {
    const [sent, news] = [performance.now(), this.#news];
    const row = await this.#ask();
    if (!row) throw new Error('the store has no version');
    const { version, issuedFrom, forgotten } = row;
    const standing = { version, replayFloor: { issuedFrom, forgotten: this.#spans.read(forgotten) } };
    if (this.#news !== news || sent < this.#confirmed) return standing;
    this.#confirmed = sent;
    this.#known = standing;
    return standing;
  }

  /** Hears notices for as long as one connection lasts. @returns whether it heard any time at all */
  async #hear(): Promise<boolean> {
    const client = new Client(this.#config);
    this.#listener = client;
    const ended = new Promise<void>((resolve) => {
      client.once('end', resolve);
      client.on('error', () => resolve());
    });
    client.on('notification', () => this.moved());
    try {
      await client.connect();
      if (this.#isClosed) return true;
      await client.query(`LISTEN ${CHANNEL}`);
    } catch {
      // It is tried again; what keeps it from hearing keeps nobody from asking.
      await client.end().catch(() => {});
      return false;
    }
    // What was told before it listened is asked for.
    this.moved();
    await ended;
    this.moved();
    await client.end().catch(() => {});
    return true;
  }
}

/** Raises the version, inside the transaction of a change, which holds its row. */
export async function raise(connection: Connection): Promise<void> {
  await connection.statement<[]>('UPDATE register_version SET version = version + 1').run();
}
