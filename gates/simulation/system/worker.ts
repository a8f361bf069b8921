import { ClockWatch } from '../../../server/clock.ts';
import { issueToken, type TokenResponse } from '../../../server/core/issue-token.ts';
import type { Clock, KeyPolicy, Log, Ports, RevocationData, Storage } from '../../../server/core/ports.ts';
import { untraced } from '../../../server/core/tracing.ts';
import { Allowances } from '../../../server/limits/allowances.ts';
import { cachedRegisters } from '../../../server/storage/cache.ts';
import { openStorage } from '../../../server/storage/open.ts';
import type { Changing, Request } from '../step.ts';
import type { World } from '../world.ts';
import { make } from './change.ts';
import { add, certificates, countedRandom, countingInto, signer, unasked, verifier } from './doubles.ts';
import { authorities, type Elsewhere, serviceElsewhere } from './elsewhere.ts';
import { pauseOf, troubledPorts, troubledStorage } from './faulty.ts';
import { bodyOf } from './wire.ts';

/** What all workers share, and no crash takes. */
export type Surroundings = {
  readonly file: string;
  readonly world: World;
  readonly elsewhere: Elsewhere;
  readonly counts: Map<string, number>;
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly mutant: Mutant;
};

/** What a worker has for all requests: who is asked about others' acting is in the mood of each. */
export type WorkerPorts = Omit<Ports, 'authorities'>;

/** Puts a mistake into the system, to see that it is found. */
export type Mutant = {
  readonly storage?: (storage: Storage) => Storage;
  readonly ports?: (ports: WorkerPorts) => WorkerPorts;
};

/** So little that copies are dropped to make room as well. */
const KEPT = { clients: 2, organizations: 3, scopes: 2, accesses: 3, delegations: 2 };

const log: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** A worker of the server: its own connections to the store, its own copies of the registers, its own view of the clock. */
export class Worker {
  readonly storage: Storage;
  readonly watch: ClockWatch;
  readonly #ports: WorkerPorts;
  readonly #surroundings: Surroundings;

  private constructor(storage: Storage, surroundings: Surroundings, name: string) {
    const { mutant, clock, monotonic } = surroundings;
    this.#surroundings = surroundings;
    this.storage = mutant.storage?.(storage) ?? storage;
    this.watch = new ClockWatch(clock, log, monotonic);
    const ports = portsOf(this.storage, surroundings, name);
    this.#ports = mutant.ports?.(ports) ?? ports;
  }

  /** @param name of this life of the worker: no two give out the same random values. */
  static async start(surroundings: Surroundings, name: string): Promise<Worker> {
    return new Worker(await openStorage(surroundings.file), surroundings, name);
  }

  /** @throws {Fault | StoreUnavailable | Crash} */
  async request({ grant, fault, slow = 0, mood = 'well' }: Request, correlationId: string): Promise<TokenResponse> {
    const { elsewhere, world } = this.#surroundings;
    const ports = troubledPorts(this.#ports, { fault, slow });
    const service = serviceElsewhere(elsewhere, { mood, wait: () => pauseOf({ slow }) });
    const asked = authorities(world, { registers: this.storage, current: ports.registers }, service);
    return issueToken(bodyOf(grant), { ...ports, authorities: asked }, { trace: { id: correlationId, sampled: false } });
  }

  /** @throws {Fault | StoreUnavailable | Crash} */
  async change({ change, fault, slow = 0 }: Changing, correlationId: string): Promise<void> {
    const { clock, world } = this.#surroundings;
    const { signingAlgorithms } = world.settings;
    const moment = { now: Math.floor(clock.now()), correlationId, signingAlgorithms };
    await troubledStorage(this.storage, { fault, slow }).transaction((changes) => make(changes, change, moment));
  }

  /** Removes what is surely over, as the server's housekeeping does. */
  async prune(): Promise<void> {
    const moment = this.watch.surelyPast();
    if (moment !== undefined) await this.storage.assertions.prune(moment, 1_000);
  }

  close(): Promise<void> {
    return this.storage.close();
  }
}

/** The real core stands on the real store, the real copies of its registers and the real limits; the rest are plain values. */
function portsOf(storage: Storage, { world, elsewhere, counts, clock }: Surroundings, name: string): WorkerPorts {
  return {
    ...{ storage, registers: cachedRegisters(storage, async () => {}, undefined, KEPT), clock, settings: world.settings },
    ...{ verifier, signer, certificates: certificates((each) => elsewhere.knows({ what: 'certificate revoked', name: each })) },
    headers: { find: () => undefined, keep: () => {} },
    counter: countingInto(counts),
    unproven: { count: (code) => add(counts, `unproven ${code}`) },
    refused: { note: () => {}, settled: async () => {} },
    limits: new Allowances({ concurrency: 1, queue: 1 }, clock),
    tracing: untraced,
    random: countedRandom(`${name}.`),
    ...{ keyPolicy: unasked<KeyPolicy>(), revocation: unasked<RevocationData>() },
  };
}
