import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAssertion } from '../fixtures/assertion.ts';
import { type Credentials, makeWorld } from '../fixtures/made-up-world.ts';
import { installWorld } from '../fixtures/world.ts';
import { tidy } from '../keys/key-care.ts';
import type { KeyPlace } from '../keys/key-change.ts';
import { openKeystore } from '../keys/keystore.ts';
import { RotationRefused, rotate } from '../keys/rotation.ts';
import { PostgresPlaces } from '../proving/postgres-places.ts';
import { devConfig, storeOf } from '../server/config.ts';
import type { Clock, Log, Storage } from '../server/core/ports.ts';
import { DAY, HOUR, MINUTE } from '../server/core/time.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { keyFolders } from '../server/foundations.ts';
import { KeyHolding } from '../server/key-holding.ts';
import { type RunningServer, startServer } from '../server/main.ts';
import { openStorage } from '../server/storage/open.ts';
import { CachingVerifier, type FetchKeys } from './caching-verifier.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { type Asked, type Gate, type Outcome, TOLD } from './gate.ts';
import { onPostgres } from './on-postgres.ts';

/** G6: rotation under load, with verifiers that keep the keys for max-age. Security reference §6, `PV-SEC-098` to `PV-SEC-100` */
export const rotationUnderLoad: Gate = {
  id: 'G6',
  title:
    '20 rotations under load, two servers, verifiers that keep the keys for their time: every token is believed until it ends',
  run: (asked) => rotateOn(standOnFile, asked, SHORT),
};

/** The same with three nodes on one PostgreSQL: the keys are made at one of them, and reach the others some day, often too late. */
export const rotationOfNodes: Gate = onPostgres({
  id: 'G6-postgres',
  title: '20 rotations under load, 3 nodes on PostgreSQL, keys made at one and copied in a day or two: as G6',
  run: (asked) => rotateOn(standOnPostgres, asked, SHORT_OF_NODES),
});

const ROTATIONS = 20;

/** The shortest that leaves each state its time: published for a day, signing, retired for a day and an hour. */
const ROTATE_EVERY = 2 * DAY;

/** 2026-01-01T00:00:00Z, where the clock of both servers begins. */
const START = 1_767_225_600;

/** Longest life that the server gives a token: a verifier meets it until then. */
const LIFETIME = HOUR;

const ISSUER = 'http://localhost:7300/';

/** How far the clock is moved at a time, by and large, in seconds, and what is asked for at once before and while keys change. */
type Load = { readonly stride: number; readonly burst: number; readonly rotations: number };
const FULL: Load = { stride: 15 * MINUTE, burst: 8, rotations: ROTATIONS };
const SHORT: Load = { stride: 3 * HOUR, burst: 4, rotations: ROTATIONS };
const SHORT_OF_NODES: Load = { ...SHORT, rotations: 5 };

/** Far from a verifier's last fetch at any step, some as the server says, some as consumers are told. Contract §4.2 */
const VERIFIERS = [undefined, undefined, undefined, undefined, DAY, DAY, DAY, DAY] as const;

async function rotateOn(stand: typeof standOnFile, { isShort, seed, tell }: Asked, short: Load): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'portvakt-g6-'));
  const clock = { time: START, now: () => clock.time };
  const stands = await stand(directory, clock);
  try {
    const next = chanceOf(seed, 0);
    return await new Rotations(stands, clock, next).run(isShort ? short : FULL, tell);
  } finally {
    await stands.close();
    await rm(directory, { recursive: true });
  }
}

/** Servers of one issuer, and the keys as their processes look after them. */
type Stands = {
  readonly servers: readonly RunningServer[];
  /** Where it is looked what became of the keys. */
  readonly storage: Storage;
  /** What is done at the keys again and again, at the same time. */
  readonly care: readonly (() => Promise<unknown>)[];
  /** What the operator does in between, now and then. */
  readonly attend: (next: Chance) => Promise<void>;
  readonly client: Credentials;
  readonly close: () => Promise<void>;
};

/** How both rotate by themselves. */
const PLAN = { algorithms: ['RS256'], rotateEvery: ROTATE_EVERY } as const;

/** Two servers on one data directory, both of which rotate. */
async function standOnFile(dataDir: string, clock: Clock): Promise<Stands> {
  const { places, ...stands } = await standWith([{ dataDir }, { dataDir }], clock);
  return { ...stands, care: places.map((place) => () => rotate(place, PLAN)), attend: async () => {} };
}

/** Three servers with a data directory each on one PostgreSQL. One rotates, and the operator copies what it has made. */
async function standOnPostgres(folder: string, clock: Clock): Promise<Stands> {
  const postgres = await PostgresPlaces.open();
  try {
    const store = { location: await postgres.location() };
    const nodes = ['one', 'two', 'three'].map((name) => ({ dataDir: join(folder, name), store }));
    let due = START;
    /** To one node at a time, so that a key is held up by the other. */
    const copyKeys = async (next: Chance): Promise<void> => {
      if (clock.now() < due) return;
      due = clock.now() + next(ATTENDED_WITHIN);
      const { dataDir } = pick(nodes.slice(1), next);
      // A key that lies there already may have become another state's there.
      await cp(join(folder, 'one', 'keys'), join(dataDir, 'keys'), { recursive: true, force: false });
    };
    const { places, ...stands } = await standWith(nodes, clock, async () => {
      for (const { dataDir } of nodes.slice(1)) await cp(join(folder, 'one'), dataDir, { recursive: true });
    });
    const [first, ...others] = places;
    if (!first) throw new Error('nobody looks after the keys');
    const holdings = await Promise.all(places.map((place, node) => heldAt(place, `${node}`)));
    return {
      ...stands,
      care: [
        async () => {
          await Promise.all(holdings.map((holding) => holding.tell()));
          await rotate(first, PLAN, passHeldUp);
        },
        ...others.map((place) => () => tidy(place)),
      ],
      attend: copyKeys,
      close: async () => {
        await stands.close();
        await postgres.cluster.remove();
      },
    };
  } catch (error) {
    await postgres.cluster.remove();
    throw error;
  }
}

/** Longest until the operator gets to copying again, in seconds. */
const ATTENDED_WITHIN = 2 * DAY;

/** A process of a node beside its server, whose keys it has; the database's clock is turned with everybody's. */
async function heldAt(place: KeyPlace, dataDir: string): Promise<KeyHolding> {
  const storage = { ...place.storage, ready: async () => place.clock.now() };
  return KeyHolding.begin({ keystore: await openKeystore({ ...place, storage }), dataDir, process: dataDir, log: SILENT });
}

function passHeldUp(error: unknown): void {
  if (!(error instanceof RotationRefused)) throw error;
}

type Node = { readonly dataDir: string; readonly store?: { readonly location: string } };

/** @param joining is done before any but the first starts. */
async function standWith(
  nodes: readonly Node[],
  clock: Clock,
  joining = async (): Promise<void> => {},
): Promise<Omit<Stands, 'care' | 'attend'> & { readonly places: readonly KeyPlace[] }> {
  const { clients, world } = await makeWorld({ now: START });
  const long = { ...world, clients: world.clients.map((client) => ({ ...client, accessTokenLifetime: LIFETIME })) };
  const installation = { now: START, correlationId: '0'.repeat(32), issuer: ISSUER };
  const client = clients.find(({ name }) => name === 'demo-consumer');
  if (!client) throw new Error('the made-up world has no demo-consumer');
  const configs = nodes.map(({ dataDir, store }) => ({
    ...devConfig({ dataDir, port: 0, issuer: ISSUER }),
    ...(store && { store }),
  }));
  const servers: RunningServer[] = [];
  for (const [place, config] of configs.entries()) {
    const prepare = async (storage: Storage): Promise<void> => installWorld(long, storage, installation);
    servers.push(await startServer(config, { clock, log: SILENT, every: () => () => {}, ...(place === 0 && { prepare }) }));
    if (place === 0) await joining();
  }
  const storages = await Promise.all(configs.map((config) => openStorage(storeOf(config).location)));
  const [storage] = storages;
  if (!storage) throw new Error('no node');
  return {
    ...{ servers, storage, client },
    places: configs.map((config, place) => ({ storage: storages[place] ?? storage, clock, folder: keyFolders(config).signing })),
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
      await Promise.all(storages.map((each) => each.close()));
    },
  };
}

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };

type Token = { readonly text: string; readonly ends: number };

class Rotations {
  readonly #stands: Stands;
  readonly #clock: { time: number };
  readonly #next: Chance;
  readonly #verifiers: readonly CachingVerifier[];
  readonly #failures: string[] = [];
  #living: readonly Token[] = [];
  #tokens = 0;
  #verifications = 0;
  #failed = 0;

  constructor(stands: Stands, clock: { time: number }, next: Chance) {
    this.#stands = stands;
    this.#clock = clock;
    this.#next = next;
    const { servers } = stands;
    this.#verifiers = VERIFIERS.map((keep, place) => new CachingVerifier(fetchFrom(servers[place % servers.length]), keep));
  }

  async run({ stride, burst, rotations }: Load, tell: (line: string) => void): Promise<Outcome> {
    const kids = new Set<string>();
    let told = 0;
    while (kids.size <= rotations) {
      await this.#step(burst);
      const active = (await this.#keys()).find(({ state }) => state === 'active');
      kids.add(String(active?.kid));
      if (kids.size - 1 >= told + 5) {
        told = kids.size - 1;
        tell(`${told} rotations, ${this.#tokens} tokens`);
      }
      this.#clock.time += stride / 2 + this.#next(stride);
    }
    return this.#outcome(rotations);
  }

  /** Tokens are asked for while both processes look after the keys; what has been issued is judged by everybody while it lives. */
  async #step(burst: number): Promise<void> {
    const { care, attend } = this.#stands;
    await attend(this.#next);
    const asked = Array.from({ length: burst }, () => this.#ask());
    await Promise.all([...asked, ...care.map((work) => work())]);
    await Promise.all(Array.from({ length: burst }, () => this.#ask()));
    const now = this.#clock.time;
    this.#living = this.#living.filter(({ ends }) => ends > now);
    for (const verifier of this.#verifiers) for (const { text } of this.#living) await this.#judge(verifier, text);
  }

  async #ask(): Promise<void> {
    const { servers, client } = this.#stands;
    const now = this.#clock.time;
    const { port } = pick(servers, this.#next);
    const assertion = await makeAssertion({ ...client, audience: ISSUER, scope: 'prove:bygg.read', now });
    const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion });
    const response = await fetch(`http://127.0.0.1:${port}/token`, { method: 'POST', body });
    const text = await response.text();
    if (response.status !== 200) return this.#fail(`at ${now} no token was issued: ${text}`);
    const { access_token, expires_in } = JSON.parse(text);
    this.#tokens++;
    this.#living = [...this.#living, { text: access_token, ends: now + expires_in }];
  }

  async #judge(verifier: CachingVerifier, token: string): Promise<void> {
    this.#verifications++;
    const reason = await verifier.judge(token, this.#clock.time);
    if (reason !== undefined) this.#fail(`at ${this.#clock.time} a token was not believed: ${reason}`);
  }

  #fail(sentence: string): void {
    this.#failed++;
    if (this.#failed <= TOLD) this.#failures.push(sentence);
  }

  #keys() {
    return this.#stands.storage.signingKeys.list();
  }

  async #outcome(asked: number): Promise<Outcome> {
    const keys = await this.#keys();
    const records = await this.#stands.storage.audit.list(1_000_000);
    const count = (type: string) => records.filter((record) => record.type === `signing_key.${type}`).length;
    const rotations = count('activated');
    if (rotations !== asked) this.#fail(`${rotations} activations are in the audit, and there were ${asked} rotations`);
    if (count('generated') > asked + 1) this.#fail(`${count('generated')} keys were made for ${asked} rotations`);
    return {
      figures: {
        rotations,
        'hours on the clock': Math.round((this.#clock.time - START) / HOUR),
        'tokens issued': this.#tokens,
        verifications: this.#verifications,
        'fetches of the keys': this.#verifiers.reduce((sum, { fetches }) => sum + fetches, 0),
        'keys removed': keys.filter(({ state }) => state === 'removed').length,
        failures: this.#failed,
      },
      failures: this.#failures,
    };
  }
}

function fetchFrom(server: RunningServer | undefined): FetchKeys {
  return async () => {
    const response = await fetch(`http://127.0.0.1:${server?.port}/jwk`);
    const maxAge = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1]);
    const { keys } = (await response.json()) as { keys: Awaited<ReturnType<FetchKeys>>['keys'] };
    return { keys, maxAge };
  };
}
