import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeAssertion } from '../fixtures/assertion.ts';
import { type Credentials, makeWorld } from '../fixtures/made-up-world.ts';
import { installWorld } from '../fixtures/world.ts';
import { closing } from '../proving/closing.ts';
import { OWNER_ROLE, PostgresPlaces, RUNTIME_ROLE } from '../proving/postgres-places.ts';
import { devConfig, storeOf } from '../server/config.ts';
import type { Log, Storage } from '../server/core/ports.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { startServer } from '../server/main.ts';
import { openStorage } from '../server/storage/open.ts';
import { chanceOf } from './chance.ts';
import { type Asked, type Gate, type Outcome, TOLD } from './gate.ts';
import { onPostgres } from './on-postgres.ts';

/** G12: a backup at random moments under load, restored and verified. Security reference §6, `PV-SEC-123` */
export const backupUnderLoad: Gate = {
  id: 'G12',
  title: 'backup, restore, verify at 3 random moments under load: the state of one commit, an audit that holds, a replay floor',
  run: (asked) => backUp(asked, async () => IN_FILE),
};

/** The same of three nodes on one PostgreSQL, restored to an empty database of it. */
export const backupOfNodes: Gate = onPostgres({
  id: 'G12-postgres',
  title: 'backup, restore, verify at 3 random moments under the load of 3 nodes on PostgreSQL: as G12',
  run: (asked) =>
    closing(async (later) => {
      const places = await PostgresPlaces.open({ settings: { max_connections: 200 } });
      later(() => places.cluster.remove());
      return backUp(asked, () => inDatabase(places));
    }),
});

/** Where the store is, and where it is restored to. */
type Ground = {
  readonly nodes: number;
  /** The database; absent: a file in the data directory. */
  readonly location?: string;
  /** Makes ready for the restore. @returns what the command is told besides, and where the store is afterwards */
  readonly makeRoom: (folder: string) => Promise<{ readonly words: readonly string[]; readonly restored: string }>;
};

const IN_FILE: Ground = {
  nodes: 1,
  makeRoom: async (folder) => ({ words: [], restored: join(folder, 'restored', 'portvakt.db') }),
};

async function inDatabase(places: PostgresPlaces): Promise<Ground> {
  const makeRoom: Ground['makeRoom'] = async (folder) => {
    const database = await places.database();
    const restored = places.cluster.location(database, RUNTIME_ROLE);
    await writeFile(join(folder, 'url'), restored, { mode: 0o600 });
    await writeFile(join(folder, 'owner'), places.cluster.location(database, OWNER_ROLE), { mode: 0o600 });
    return { words: ['--owner-url-file', 'owner'], restored };
  };
  return { nodes: 3, location: await places.location(), makeRoom };
}

const MOMENTS = 3;
const CONNECTIONS = 4;
const ISSUER = 'http://localhost:7300/';
const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };
const BIN = fileURLToPath(new URL('../cli/bin.js', import.meta.url));

/** What has been promised so far. */
type Promised = { changes: number; begun: number; readonly jtis: string[] };

async function backUp({ seed, from, tell }: Asked, ground: () => Promise<Ground>): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'portvakt-g12-'));
  const failures: string[] = [];
  let [tokens, changes] = [0, 0];
  try {
    for (let number = from; number < from + MOMENTS; number++) {
      const next = chanceOf(seed, number);
      const place = join(folder, `${number}`);
      const { promised, flaws } = await once(place, 100 + next(400), await ground());
      failures.push(...flaws.map((flaw) => `moment ${number}: ${flaw}`));
      tokens += promised.jtis.length;
      changes += promised.changes;
      tell(`moment ${number}: ${promised.jtis.length} tokens, ${promised.changes} changes`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const figures = {
    moments: MOMENTS,
    'tokens got under load': tokens,
    'changes acknowledged': changes,
    failures: failures.length,
  };
  return { figures, failures: failures.slice(0, TOLD) };
}

/** Loads a server, backs it up beside that after so many milliseconds, and holds what is restored to what was promised. */
async function once(
  folder: string,
  delay: number,
  { nodes, location, makeRoom }: Ground,
): Promise<{ promised: Promised; flaws: readonly string[] }> {
  const dataDir = join(folder, 'data');
  const { clients, world } = await makeWorld({ now: Date.now() / 1000 });
  const installation = { now: Math.floor(Date.now() / 1000), correlationId: '0'.repeat(32), issuer: ISSUER };
  const config = { ...devConfig({ dataDir, port: 0, issuer: ISSUER }), ...(location !== undefined && { store: { location } }) };
  const prepare = (storage: Storage) => installWorld(world, storage, installation);
  const servers = [await startServer(config, { log: SILENT, prepare })];
  while (servers.length < nodes) servers.push(await startServer(config, { log: SILENT }));
  const client = clients.find(({ name }) => name === 'demo-consumer');
  if (!client) throw new Error('the made-up world has no demo-consumer');
  const master = join(dataDir, 'master.key');
  await writeFile(
    join(folder, 'portvakt.yaml'),
    `issuer: ${ISSUER}\ndata_dir: data\nkeys: { master: { kind: file, file: ${master} } }\n${location === undefined ? '' : 'store: { url_file: url }\n'}`,
  );
  if (location !== undefined) await writeFile(join(folder, 'url'), location, { mode: 0o600 });
  await writeFile(join(folder, 'backup.key'), 'k'.repeat(32), { mode: 0o600 });
  const storage = await openStorage(storeOf(config).location);
  const promised: Promised = { changes: 0, begun: 0, jtis: [] };
  const state = { isOver: false };
  const work = [
    change(storage, promised, state),
    ...Array.from({ length: CONNECTIONS }, (_, n) => ask(servers[n % nodes]?.port ?? 0, client, promised, state)),
  ];
  await pause(delay);
  const before = { changes: promised.changes, jtis: [...promised.jtis] };
  await portvakt(folder, 'db', 'backup', '--to', 'a.backup', '--key-file', 'backup.key');
  const latest = promised.begun;
  state.isOver = true;
  await Promise.all(work);
  await storage.close();
  for (const server of servers) await server.close();
  const restoredAt = Date.now() / 1000;
  const { words, restored } = await makeRoom(folder);
  await portvakt(folder, 'db', 'restore', 'a.backup', '--to', 'restored', '--key-file', 'backup.key', ...words);
  const flaws = await judge(restored, { before, latest, restoredAt, clientId: client.clientId });
  return { promised, flaws };
}

/** A change and its audit record carry one number, so that a state of no commit is seen. */
async function change(storage: Storage, promised: Promised, state: { readonly isOver: boolean }): Promise<void> {
  const [organization] = await storage.organizations.list();
  if (!organization) throw new Error('the made-up world has no organisation');
  while (!state.isOver) {
    const number = ++promised.begun;
    await storage.transaction(async (changes) => {
      await changes.organizations.put({ ...organization, name: `${number}` });
      await changes.audit.append({ type: 'gate.changed', at: 0, correlationId: `${number}`, details: { number } });
    });
    promised.changes = number;
    // The server shares this process, and a change without a wait in it would leave it no turn.
    await pause(1);
  }
}

async function ask(port: number, client: Credentials, { jtis }: Promised, state: { readonly isOver: boolean }): Promise<void> {
  while (!state.isOver) {
    const jti = crypto.randomUUID();
    const now = Math.floor(Date.now() / 1000);
    const assertion = await makeAssertion({ ...client, audience: ISSUER, scope: 'prove:bygg.read', now, jti });
    const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion });
    const { status } = await fetch(`http://127.0.0.1:${port}/token`, { method: 'POST', body });
    if (status === 200) jtis.push(jti);
  }
}

type Expected = {
  readonly before: { readonly changes: number; readonly jtis: readonly string[] };
  readonly latest: number;
  readonly restoredAt: number;
  readonly clientId: string;
};

/** The restore itself has verified database, audit and keys. */
async function judge(location: string, { before, latest, restoredAt, clientId }: Expected): Promise<readonly string[]> {
  const storage = await openStorage(location);
  try {
    const [organization] = await storage.organizations.list();
    const records = await storage.audit.list(1_000_000);
    const number = Number(records.find(({ type }) => type === 'gate.changed')?.details.number ?? 0);
    const spent = await Promise.all(before.jtis.map((jti) => storage.assertions.isSpent({ clientId, jti })));
    const { issuedFrom } = (await storage.standing()).replayFloor;
    const found: readonly (readonly [boolean, string])[] = [
      [number > 0 && organization?.name !== `${number}`, `the register says ${organization?.name} and the audit ${number}`],
      [number < before.changes, `${number} changes, where ${before.changes} had been acknowledged before`],
      [number > latest, `${number} changes, where only ${latest} had been begun`],
      [spent.includes(false), `${spent.filter((each) => !each).length} assertions that were used before are not known as used`],
      [issuedFrom < restoredAt, `the replay floor is ${issuedFrom}, and the restore was at ${restoredAt}`],
    ];
    return found.flatMap(([isWrong, flaw]) => (isWrong ? [flaw] : []));
  } finally {
    await storage.close();
  }
}

async function portvakt(cwd: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [BIN, ...args], { cwd });
}
