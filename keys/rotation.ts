import type { Changes, Registers, SigningKeyRecord } from '../server/core/ports.ts';
import type { SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import {
  activeKey,
  type KeyHolder,
  nodesWithout,
  publishedUntil,
  type RotationPlan,
  type RotationStep,
  signsFrom,
  stepsDue,
} from '../server/core/signing-key.ts';
import { tidy } from './key-care.ts';
import { detailsOf, inState, type KeyAct, type KeyPlace, keep, makeKey } from './key-change.ts';
import { KeyUnusable } from './key-file.ts';
import { KIND_OF } from './key-kind.ts';

/** A change of the keys that the rules do not allow; the message says why, and what to do instead. `PV-SEC-098` */
export class RotationRefused extends Error {
  override readonly name = 'RotationRefused';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** Makes a key for the algorithm: shown to nobody yet, or published at once. @throws {KeyUnusable | StoreUnavailable} */
export async function generateSigningKey(
  place: KeyPlace,
  { alg, state }: { readonly alg: SigningAlgorithm; readonly state: 'generated' | 'pending' },
  act: KeyAct,
): Promise<SigningKeyRecord> {
  const { record, sealed } = await makeKey(place, alg, state);
  await place.storage.transaction(async (changes) => {
    place.folder.put(record.kid, sealed);
    await keep(changes, record, { type: 'signing_key.generated', at: record.created, details: { state, ...detailsOf(act) } });
  });
  return record;
}

/** Publishes a key that was generated. @throws {RotationRefused | KeyUnusable | StoreUnavailable} */
export function publishSigningKey(place: KeyPlace, kid: string, act: KeyAct): Promise<SigningKeyRecord> {
  return enter(place, { kid, state: 'pending', judge: assertGenerated, act });
}

function assertGenerated({ kid, state }: SigningKeyRecord): void {
  if (state !== 'generated')
    throw new RotationRefused(`${kid} is ${state}, and has been published`, 'portvakt signing-key status');
}

/**
 * Lets a published key sign once it has been published for its time and every process that serves could sign with it; the one that
 * signed until now is retired in the same commit. `PV-SEC-099`
 * @throws {RotationRefused | KeyUnusable | StoreUnavailable}
 */
export function activateSigningKey(place: KeyPlace, kid: string, act: KeyAct): Promise<SigningKeyRecord> {
  const judge: Entry['judge'] = async (key, now, { keyHolders }) =>
    assertMaySign(key, { now, holders: await keyHolders.list(), act });
  return enter(place, { kid, state: 'active', judge, act });
}

type Asked = { readonly now: number; readonly holders: readonly KeyHolder[]; readonly act: KeyAct };

function assertMaySign(key: SigningKeyRecord, { now, holders, act: { emergency } }: Asked): void {
  const { kid, state } = key;
  if (state === 'active' || state === 'retired' || state === 'removed')
    throw new RotationRefused(`${kid} is ${state}, and no state comes twice`, 'portvakt signing-key generate --publish');
  if (emergency !== undefined) return;
  if (state === 'generated')
    throw new RotationRefused(
      `${kid} has not been published: nobody could verify what it signs`,
      `portvakt signing-key publish ${kid}`,
    );
  const from = signsFrom(key) ?? now;
  if (from > now)
    throw new RotationRefused(
      `${kid} may sign from ${moment(from)} on: whoever keeps the keys does not know it before`,
      'wait, or skip the time with --emergency and --reason',
    );
  const without = nodesWithout(key, holders, now);
  if (without.length > 0)
    throw new RotationRefused(
      `${kid} has not been loaded at ${without.join(', ')}, which could sign nothing`,
      'copy its file to keys/ there, from where it was made, and wait a minute; or skip this with --emergency and --reason',
    );
}

type Entry = {
  readonly kid: string;
  readonly state: 'pending' | 'active';
  /** @throws {RotationRefused} */
  readonly judge: (key: SigningKeyRecord, now: number, said: Pick<Changes, 'keyHolders'>) => void | Promise<void>;
  readonly act: KeyAct;
};

/**
 * Brings a key into a state. Its file is sealed so before the record says it; judged is once more in the transaction, so that two who do
 * the same at once do it once, and by what is said meanwhile.
 */
async function enter(place: KeyPlace, { kid, state, judge, act }: Entry): Promise<SigningKeyRecord> {
  const { folder, storage, clock } = place;
  const at = Math.floor(clock.now());
  const before = find(await storage.signingKeys.list(), kid);
  await judge(before, at, storage);
  const key = await folder.open(kid, { kinds: [KIND_OF[before.alg]], states: STATES_AHEAD });
  const sealed = await folder.seal(kid, key, state);
  const entered = await storage.transaction(async (changes) => {
    const keys = await changes.signingKeys.list();
    const key = find(keys, kid);
    await judge(key, at, changes);
    folder.put(kid, sealed);
    const former = state === 'active' ? activeKey(keys, key.alg) : undefined;
    if (former) await leave(changes, former, { state: 'retired', at, act });
    const record = inState(key, state, at);
    await keep(changes, record, {
      type: TYPES[state],
      at,
      details: { ...detailsOf(act), ...(former && { former: former.kid }) },
    });
    return record;
  });
  await tidy(place);
  return entered;
}

/** How the file of a key that has not signed may be sealed: before the record, where a change was interrupted. */
const STATES_AHEAD = ['generated', 'pending', 'active'] as const;

const TYPES = {
  pending: 'signing_key.published',
  active: 'signing_key.activated',
  retired: 'signing_key.retired',
  removed: 'signing_key.removed',
} as const;

type Leaving = { readonly state: 'retired' | 'removed'; readonly at: number; readonly act: KeyAct };

async function leave(changes: Changes, key: SigningKeyRecord, { state, at, act }: Leaving): Promise<SigningKeyRecord> {
  const record = inState(key, state, at);
  await keep(changes, record, { type: TYPES[state], at, details: detailsOf(act) });
  return record;
}

/**
 * Takes a key out of use. One that signs is retired, and another signs in its place in the same commit: only a key whose algorithm is not
 * set any more needs none. In an emergency the key is gone from `/jwk` at once, whatever its state, and its private key from the disk.
 * @param algorithms what tokens are signed with.
 * @throws {RotationRefused | KeyUnusable | StoreUnavailable}
 */
export async function retireSigningKey(
  place: KeyPlace,
  { kid, algorithms }: { readonly kid: string; readonly algorithms: readonly SigningAlgorithm[] },
  act: KeyAct,
): Promise<SigningKeyRecord> {
  const { storage, clock } = place;
  const at = Math.floor(clock.now());
  const key = find(await storage.signingKeys.list(), kid);
  if (act.emergency === undefined) assertMayRetire(key, algorithms);
  if (act.emergency !== undefined && key.state === 'active' && algorithms.includes(key.alg))
    await replaceAtOnce(place, key.alg, act);
  const left = await storage.transaction(async (changes) => {
    const now = find(await changes.signingKeys.list(), kid);
    if (now.state === 'removed') throw new RotationRefused(`${kid} is removed`, 'portvakt signing-key list --all');
    if (act.emergency === undefined) assertMayRetire(now, algorithms);
    if (now.state === 'active' && algorithms.includes(now.alg))
      throw new RotationRefused(`${kid} has begun to sign in this moment`, 'the same command once more');
    const state = act.emergency === undefined && now.state === 'active' ? 'retired' : 'removed';
    return leave(changes, now, { state, at, act });
  });
  await tidy(place);
  return left;
}

function assertMayRetire({ kid, alg, state }: SigningKeyRecord, algorithms: readonly SigningAlgorithm[]): void {
  if (state === 'generated') return;
  if (state !== 'active')
    throw new RotationRefused(
      `${kid} is ${state}: it goes by itself when its time is over`,
      'if it was stolen, add --emergency and --reason',
    );
  if (algorithms.includes(alg))
    throw new RotationRefused(
      `${kid} is the one that signs ${alg}; it is retired when another is activated`,
      'portvakt signing-key generate --publish, and activate it when it may sign',
    );
}

/** The next key signs now: one that waits, the published before the others, or one that is made where none of them can be opened. */
async function replaceAtOnce(place: KeyPlace, alg: SigningAlgorithm, act: KeyAct): Promise<void> {
  const keys = (await place.storage.signingKeys.list()).filter((key) => key.alg === alg);
  for (const state of ['pending', 'generated'])
    for (const key of keys.filter((each) => each.state === state)) if (await activatesWhereOpened(place, key.kid, act)) return;
  const { kid } = await generateSigningKey(place, { alg, state: 'pending' }, act);
  await activateSigningKey(place, kid, act);
}

async function activatesWhereOpened(place: KeyPlace, kid: string, act: KeyAct): Promise<boolean> {
  try {
    await activateSigningKey(place, kid, act);
    return true;
  } catch (error) {
    if (error instanceof KeyUnusable) return false;
    throw error;
  }
}

function find(keys: readonly SigningKeyRecord[], kid: string): SigningKeyRecord {
  const found = keys.find((key) => key.kid === kid);
  if (found) return found;
  throw new RotationRefused(`there is no signing key ${kid}`, 'portvakt signing-key list --all');
}

function moment(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

/**
 * Does what is due, each step once however many processes do it: what another has done is not due any more when the transaction looks.
 * @param onFailure is told what kept a step from being done, and the others are done; absent: it is thrown, and they are not
 * @returns what was done. @throws {RotationRefused | KeyUnusable | StoreUnavailable}
 */
export async function rotate(
  place: KeyPlace,
  plan: Omit<RotationPlan, 'now'>,
  onFailure = (error: unknown): void => {
    throw error;
  },
): Promise<readonly RotationStep[]> {
  const now = Math.floor(place.clock.now());
  const due = (keys: readonly SigningKeyRecord[]) => stepsDue(keys, { ...plan, now });
  const done: RotationStep[] = [];
  for (const step of due(await place.storage.signingKeys.list())) {
    const isDue = async (registers: Pick<Registers, 'signingKeys'>) =>
      due(await registers.signingKeys.list()).some((other) => isSame(step, other));
    try {
      if (await take(place, step, isDue)) done.push(step);
    } catch (error) {
      onFailure(error);
    }
  }
  return done;
}

const BY_SCHEDULE: KeyAct = { actor: 'schedule' };

type IsDue = (registers: Pick<Registers, 'signingKeys'>) => Promise<boolean>;

async function take(place: KeyPlace, step: RotationStep, isDue: IsDue): Promise<boolean> {
  const { folder, storage, clock } = place;
  if (step.does === 'publish') {
    const { record, sealed } = await makeKey(place, step.alg, 'pending');
    const details = { state: record.state, ...detailsOf(BY_SCHEDULE) };
    return storage.transaction(async (changes) => {
      if (!(await isDue(changes))) return false;
      folder.put(record.kid, sealed);
      await keep(changes, record, { type: 'signing_key.generated', at: record.created, details });
      return true;
    });
  }
  if (step.does === 'activate') {
    return activateSigningKey(place, step.kid, BY_SCHEDULE).then(
      () => true,
      async (error: unknown) => {
        if (error instanceof RotationRefused && !(await isDue(storage))) return false;
        throw error;
      },
    );
  }
  const removed = await storage.transaction(async (changes) => {
    if (!(await isDue(changes))) return false;
    await leave(changes, find(await changes.signingKeys.list(), step.kid), {
      state: 'removed',
      at: Math.floor(clock.now()),
      act: BY_SCHEDULE,
    });
    return true;
  });
  if (removed) await tidy(place);
  return removed;
}

function isSame(one: RotationStep, other: RotationStep): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What happens to a key next by itself, or by whom: for people. */
export function whatIsNext(key: SigningKeyRecord, holders: readonly KeyHolder[], now: number): string {
  const { kid, state } = key;
  const from = signsFrom(key);
  const until = publishedUntil(key);
  if (state === 'generated') return `portvakt signing-key publish ${kid}`;
  const without = nodesWithout(key, holders, now);
  if (without.length > 0) return `copy it to ${without.join(', ')}`;
  if (state === 'pending' && from !== undefined)
    return from > now ? `may sign from ${moment(from)}` : `portvakt signing-key activate ${kid}`;
  if (until !== undefined) return `is removed at ${moment(until)}`;
  return '';
}
