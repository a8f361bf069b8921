import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAssertion } from '../fixtures/assertion.ts';
import { type Credentials, makeWorld } from '../fixtures/made-up-world.ts';
import { installWorld } from '../fixtures/world.ts';
import type { KeyPlace } from '../keys/key-change.ts';
import { rotate } from '../keys/rotation.ts';
import { devConfig } from '../server/config.ts';
import type { Clock, Log } from '../server/core/ports.ts';
import { DAY, HOUR, MINUTE } from '../server/core/time.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { keyFolders } from '../server/foundations.ts';
import { type RunningServer, startServer } from '../server/main.ts';
import { openStorage } from '../server/storage/open.ts';
import { CachingVerifier, type FetchKeys } from './caching-verifier.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { type Asked, type Gate, type Outcome, TOLD } from './gate.ts';

/** G6: rotation under load, with verifiers that keep the keys for max-age. Security reference §6, `PV-SEC-098` to `PV-SEC-100` */
export const rotationUnderLoad: Gate = {
  id: 'G6',
  title:
    '20 rotations under load, two servers, verifiers that keep the keys for their time: every token is believed until it ends',
  run,
};

const ROTATIONS = 20;

/** The shortest that leaves each state its time: published for a day, signing, retired for a day and an hour. */
const ROTATE_EVERY = 2 * DAY;

/** 2026-01-01T00:00:00Z, where the clock of both servers begins. */
const START = 1_767_225_600;

/** Longest life that the server gives a token: a verifier meets it until then. */
const LIFETIME = HOUR;

const ISSUER = 'http://localhost:7300/';

/** How far the clock is moved at a time, by and large, in seconds, and what is asked for at once before and while keys change. */
type Load = { readonly stride: number; readonly burst: number };
const LOADS = { short: { stride: 3 * HOUR, burst: 4 }, full: { stride: 15 * MINUTE, burst: 8 } } as const;

/** Far from a verifier's last fetch at any step, some as the server says, some as consumers are told. Contract §4.2 */
const VERIFIERS = [undefined, undefined, undefined, undefined, DAY, DAY, DAY, DAY] as const;

async function run({ isShort, seed, tell }: Asked): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'portvakt-g6-'));
  const clock = { time: START, now: () => clock.time };
  const stands = await stand(directory, clock);
  try {
    const next = chanceOf(seed, 0);
    return await new Rotations(stands, clock, next).run(LOADS[isShort ? 'short' : 'full'], tell);
  } finally {
    await stands.close();
    await rm(directory, { recursive: true });
  }
}

/** Two servers on one data directory, and the keys as two processes look after them. */
type Stands = {
  readonly servers: readonly RunningServer[];
  readonly places: readonly KeyPlace[];
  readonly client: Credentials;
  readonly close: () => Promise<void>;
};

async function stand(dataDir: string, clock: Clock): Promise<Stands> {
  const { clients, world } = await makeWorld({ now: START });
  const config = devConfig({ dataDir, port: 0, issuer: ISSUER });
  const long = { ...world, clients: world.clients.map((client) => ({ ...client, accessTokenLifetime: LIFETIME })) };
  const start = (prepare?: Parameters<typeof startServer>[1]) =>
    startServer(config, { clock, log: SILENT, every: () => () => {}, ...prepare });
  const first = await start({
    prepare: (storage) => installWorld(long, storage, { now: START, correlationId: '0'.repeat(32), issuer: ISSUER }),
  });
  const second = await start();
  const storages = await Promise.all([1, 2].map(() => openStorage(join(dataDir, 'portvakt.db'))));
  const client = clients.find(({ name }) => name === 'demo-consumer');
  if (!client) throw new Error('the made-up world has no demo-consumer');
  return {
    servers: [first, second],
    places: storages.map((storage) => ({ storage, clock, folder: keyFolders(config).signing })),
    client,
    close: async () => {
      await Promise.all([first.close(), second.close()]);
      await Promise.all(storages.map((storage) => storage.close()));
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

  async run({ stride, burst }: Load, tell: (line: string) => void): Promise<Outcome> {
    const kids = new Set<string>();
    let told = 0;
    while (kids.size <= ROTATIONS) {
      await this.#step(burst);
      const active = (await this.#keys()).find(({ state }) => state === 'active');
      kids.add(String(active?.kid));
      if (kids.size - 1 >= told + 5) {
        told = kids.size - 1;
        tell(`${told} rotations, ${this.#tokens} tokens`);
      }
      this.#clock.time += stride / 2 + this.#next(stride);
    }
    return this.#outcome();
  }

  /** Tokens are asked for while both processes look after the keys; what has been issued is judged by everybody while it lives. */
  async #step(burst: number): Promise<void> {
    const { places } = this.#stands;
    const plan = { algorithms: ['RS256'], rotateEvery: ROTATE_EVERY } as const;
    const asked = Array.from({ length: burst }, () => this.#ask());
    await Promise.all([...asked, ...places.map((place) => rotate(place, plan))]);
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
    const [place] = this.#stands.places;
    if (!place) throw new Error('nobody looks after the keys');
    return place.storage.signingKeys.list();
  }

  async #outcome(): Promise<Outcome> {
    const keys = await this.#keys();
    const [place] = this.#stands.places;
    const records = (await place?.storage.audit.list(1_000_000)) ?? [];
    const count = (type: string) => records.filter((record) => record.type === `signing_key.${type}`).length;
    const rotations = count('activated');
    if (rotations !== ROTATIONS) this.#fail(`${rotations} activations are in the audit, and there were ${ROTATIONS} rotations`);
    if (count('generated') > ROTATIONS + 1) this.#fail(`${count('generated')} keys were made for ${ROTATIONS} rotations`);
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
