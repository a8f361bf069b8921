import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AuditVerifier } from '../../../server/audit/verify.ts';
import { Fault } from '../../../server/core/fault.ts';
import type { TokenResponse } from '../../../server/core/issue-token.ts';
import { type AuditRecord, type Changes, StoreUnavailable } from '../../../server/core/ports.ts';
import { openStorage } from '../../../server/storage/open.ts';
import type { Answer, Changing, Outside, Request, Row } from '../step.ts';
import { OTHER_OWNER, OWNER, type World } from '../world.ts';
import { Elsewhere } from './elsewhere.ts';
import { Crash } from './faulty.ts';
import { type Mutant, type Surroundings, Worker } from './worker.ts';

/** What was answered, what the audit has kept of it, and the id of the token where there is one. */
export type Observed = {
  readonly answer: Answer | { readonly broken: string };
  readonly rows: readonly Row[];
  readonly jti?: string;
};

/** Where stores are made: a folder, with one that is empty and brought to this version's schema once for all. */
export class Arena {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param place best in memory: what is simulated is not the disk. */
  static async open(place: string): Promise<Arena> {
    const arena = new Arena(mkdtempSync(join(place, 'portvakt-simulation-')));
    await (await openStorage(arena.#file('empty'))).close();
    return arena;
  }

  /** A new store. */
  take(): string {
    copyFileSync(this.#file('empty'), this.#file('store'));
    return this.#file('store');
  }

  /** The store is used no more. */
  giveBack(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.#file('store')}${suffix}`, { force: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.db`);
  }
}

/** How many workers serve one store. */
export const WORKERS = 2;

/** The system under test: workers over one store, in one world, with a clock that is turned. */
export class System {
  readonly counts = new Map<string, number>();
  readonly #elsewhere = new Elsewhere();
  readonly #surroundings: Surroundings;
  readonly #workers: Worker[] = [];
  #at: number;
  #ahead = 0;
  #lives = 0;
  #done = 0;
  #sequence = 0;

  private constructor(
    world: World,
    { file, at, mutant }: { readonly file: string; readonly at: number; readonly mutant: Mutant },
  ) {
    this.#at = at;
    const clock = { now: () => this.wall };
    const { counts } = this;
    const elsewhere = this.#elsewhere;
    this.#surroundings = { file, world, elsewhere, counts, clock, monotonic: () => this.#at, mutant };
  }

  static async begin(
    world: World,
    given: { readonly file: string; readonly at: number; readonly mutant: Mutant },
  ): Promise<System> {
    const system = new System(world, given);
    for (let worker = 0; worker < WORKERS; worker++) await system.#start(worker);
    await system.#worker(0).storage.transaction((changes) => install(changes, world));
    return system;
  }

  /** The server's clock. */
  get wall(): number {
    return this.#at + this.#ahead;
  }

  /** Lets time pass. The workers look at their clocks meanwhile, as they do every few seconds. */
  pass(at: number): void {
    const from = this.#at;
    for (let moment = Math.max(from + 60, at - 360); moment < at; moment += 60) this.#look(moment);
    this.#look(at);
  }

  setClock(ahead: number): void {
    this.#ahead = ahead;
    this.#look(this.#at);
  }

  hear(outside: Outside): void {
    this.#elsewhere.hear(outside);
  }

  /** Does what is begun in one turn. A worker that crashes is started anew when all of it is over. */
  async do(all: readonly (Request | Changing)[]): Promise<readonly Observed[]> {
    await nextTurn();
    const first = this.#done;
    this.#done += all.length;
    const outcomes = await Promise.all(all.map((each, place) => this.#attempt(each, `op-${first + place}`)));
    for (const [place, { answer }] of outcomes.entries()) if ('lost' in answer) await this.restart(all[place]?.worker ?? 0);
    const rows = await this.#newRows();
    return outcomes.map((outcome, place) => ({ ...outcome, rows: rows.get(`op-${first + place}`) ?? [] }));
  }

  async restart(worker: number): Promise<void> {
    await this.#worker(worker).close();
    await this.#start(worker);
  }

  async housekeeping(worker: number): Promise<void> {
    await this.#worker(worker).prune();
  }

  /** Reads the whole audit. @throws {AuditBroken} */
  async verifyAudit(): Promise<void> {
    const { audit } = this.#worker(0).storage;
    const { sequence, heads } = await audit.end();
    const verifier = new AuditVerifier(new Map());
    for await (const line of audit.lines(sequence)) verifier.take(line);
    verifier.end(heads);
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.close();
  }

  async #start(worker: number): Promise<void> {
    this.#workers[worker] = await Worker.start(this.#surroundings, `w${worker}.${++this.#lives}`);
  }

  #worker(place: number): Worker {
    const worker = this.#workers[place];
    if (!worker) throw new RangeError(`no worker ${place}`);
    return worker;
  }

  #look(at: number): void {
    this.#at = at;
    for (const { watch } of this.#workers) watch.look();
  }

  async #attempt(each: Request | Changing, correlationId: string): Promise<Omit<Observed, 'rows'>> {
    const worker = this.#worker(each.worker);
    try {
      if (each.kind === 'request') return answerOf(await worker.request(each, correlationId));
      await worker.change(each, correlationId);
      return { answer: { done: true } };
    } catch (error) {
      if (error instanceof Fault) return { answer: { fault: error.code } };
      if (error instanceof StoreUnavailable) return { answer: { unavailable: true } };
      if (error instanceof Crash) return { answer: { lost: true } };
      return { answer: { broken: error instanceof Error ? (error.stack ?? error.message) : String(error) } };
    }
  }

  /** What the audit has kept since it was last looked at, by correlation id. */
  async #newRows(): Promise<ReadonlyMap<string, readonly Row[]>> {
    const { audit } = this.#worker(0).storage;
    const { sequence } = await audit.end();
    const records = sequence === this.#sequence ? [] : await audit.list(sequence - this.#sequence);
    this.#sequence = sequence;
    const grouped = Map.groupBy(records.reverse(), ({ correlationId }) => correlationId);
    return new Map([...grouped].map(([id, each]) => [id, each.map(rowOf)]));
  }
}

function rowOf({ type, clientId = '', details }: AuditRecord): Row {
  if (!type.startsWith('token.')) return { type, client: clientId };
  return { type, client: clientId, says: String(details.code ?? details.consumer_orgno) };
}

function answerOf({ access_token, expires_in, scope }: TokenResponse): Omit<Observed, 'rows'> {
  const { alg, claims } = JSON.parse(access_token) as { readonly alg: string; readonly claims: Record<string, unknown> };
  const { jti, ...token } = claims;
  return { answer: { token, alg, expires_in, scope }, jti: String(jti) };
}

async function install(changes: Changes, world: World): Promise<void> {
  for (const each of world.organizations) await changes.organizations.put(each);
  const times = { active: true, created: 0, lastUpdated: 0 };
  await changes.prefixes.put({ prefix: 'prove', ownerOrgno: OWNER, ...times });
  await changes.prefixes.put({ prefix: 'other', ownerOrgno: OTHER_OWNER, ...times });
  for (const each of world.scopes) await changes.scopes.put(each);
  for (const each of world.accesses) await changes.accesses.put(each);
  for (const each of world.clients) await changes.clients.put(each);
  for (const each of world.sources) await changes.sources.put(each);
  for (const each of world.systems) await changes.systems.put(each);
}
