import { rewrap, sealPlain, signingKeysAtRest, tidy } from '../../keys/key-care.ts';
import type { KeyAct, KeyPlace } from '../../keys/key-change.ts';
import type { KeyFolder } from '../../keys/key-folder.ts';
import {
  activateSigningKey,
  generateSigningKey,
  publishSigningKey,
  RotationRefused,
  retireSigningKey,
} from '../../keys/rotation.ts';
import { isApart } from '../../server/clock.ts';
import { type Config, readConfig } from '../../server/config.ts';
import type { SigningKeyRecord } from '../../server/core/ports.ts';
import type { SigningAlgorithm } from '../../server/core/signing-algorithm.ts';
import { signsFrom } from '../../server/core/signing-key.ts';
import { keyFolders } from '../../server/foundations.ts';
import { confirmOnHost } from '../confirm.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { openExisting } from './existing-store.ts';
import { MEND_CLOCKS } from './host-data.ts';
import { nearestConfig } from './run-server.ts';
import { rewrappedView, shownKey, signingKeyStatus, signingKeyView, statusView } from './signing-key-view.ts';

export type ListOptions = { readonly config?: string; readonly all?: boolean };

export type GenerateOptions = { readonly config?: string; readonly alg: SigningAlgorithm; readonly publish?: boolean };

export type ActOptions = {
  readonly config?: string;
  readonly alg?: SigningAlgorithm;
  readonly emergency?: boolean;
  readonly reason?: string;
  readonly ifDue?: boolean;
  readonly yes?: boolean;
};

type Host = { readonly place: KeyPlace; readonly config: Config; readonly audit: KeyFolder; readonly now: number };

/** Opens the keys of the configuration for one command. @throws {Failure} where there is no store, and for what the rules refuse */
async function onHost<T>(options: { readonly config?: string }, work: (host: Host) => Promise<T>): Promise<T> {
  const config = await readConfig(options.config ?? (await nearestConfig(process.cwd())));
  const storage = await openExisting(config);
  try {
    const clock = { now: () => Date.now() / 1000 };
    const { signing: folder, audit } = keyFolders(config);
    return await work({ place: { folder, storage, clock }, config, audit, now: Math.floor(clock.now()) });
  } catch (error) {
    if (!(error instanceof RotationRefused)) throw error;
    throw new Failure('refused', error.message, { fix: error.fix, cause: error });
  } finally {
    await storage.close();
  }
}

/**
 * As {@link onHost}, to change a key. By a clock that is not the database's a key could sign at once, and no node would be waited for.
 * `PV-SEC-098`, `PV-SEC-099`
 */
async function change<T>({ emergency, ...options }: ActOptions, work: (host: Host) => Promise<T>): Promise<T> {
  return onHost(options, async (host) => {
    const { clock, storage } = host.place;
    if (!emergency && (await isApart(clock, storage.ready)))
      throw new Failure('refused', "the clock of this machine is not the database's", { fix: MEND_CLOCKS });
    return work(host);
  });
}

/** @throws {Failure} */
export async function list(options: ListOptions, terminal: Terminal): Promise<void> {
  await onHost(options, async ({ place }) => {
    const keys = await place.storage.signingKeys.list();
    const shown = keys.filter(({ state }) => options.all || state !== 'removed');
    await terminal.answer({ items: shown.map(shownKey), next: null }, signingKeyView);
  });
}

/** Tells what each key waits for. @throws {Failure} `unhealthy` when the file of one that signs, or will, cannot be opened */
export async function status(options: ListOptions, terminal: Terminal): Promise<void> {
  await onHost(options, async ({ place, now }) => {
    const keys = (await place.storage.signingKeys.list()).filter(({ state }) => state !== 'removed');
    const items = await Promise.all(keys.map((key) => signingKeyStatus(place, key, now)));
    await terminal.answer({ items, next: null }, statusView);
    const broken = items.filter(({ state, file }) => state !== 'retired' && file.startsWith('unusable'));
    if (broken.length > 0) throw new Failure('unhealthy', broken.map(({ file }) => file).join('\n'));
  });
}

/** @throws {Failure} */
export async function generate(options: GenerateOptions, terminal: Terminal): Promise<void> {
  const state = options.publish ? 'pending' : 'generated';
  await change(options, async ({ place }) => {
    const key = await generateSigningKey(place, { alg: options.alg, state }, BY_HOST);
    await answer(key, terminal);
    terminal.next(state === 'pending' ? 'portvakt signing-key status' : `portvakt signing-key publish ${key.kid}`);
  });
}

const BY_HOST: KeyAct = { actor: 'host' };

/** @throws {Failure} */
export async function publish(kid: string, options: ActOptions, terminal: Terminal): Promise<void> {
  await change(options, async ({ place }) => answer(await publishSigningKey(place, kid, BY_HOST), terminal));
}

/** @throws {Failure} `refused` before its time, unless it is an emergency */
export async function activate(named: string | undefined, options: ActOptions, terminal: Terminal): Promise<void> {
  const act = actOf(options);
  await change(options, async ({ place, now }) => {
    const key = await chosen(place, named, options.alg);
    if (options.ifDue && (!key || (signsFrom(key) ?? now + 1) > now)) {
      terminal.say('no key is due: nothing was changed');
      return terminal.answer({ items: [], next: null }, signingKeyView);
    }
    if (!key)
      throw new Failure(
        'not-found',
        named === undefined ? `no key for ${options.alg} is pending` : `there is no signing key ${named}`,
        {
          fix: 'portvakt signing-key generate --publish',
        },
      );
    await answer(await activateSigningKey(place, key.kid, act), terminal);
  });
}

async function chosen(
  { storage }: KeyPlace,
  kid: string | undefined,
  alg?: SigningAlgorithm,
): Promise<SigningKeyRecord | undefined> {
  const keys = await storage.signingKeys.list();
  if (kid !== undefined) return keys.find((key) => key.kid === kid);
  const pending = keys.filter((key) => key.alg === alg && key.state === 'pending');
  return pending.toSorted((a, b) => (a.published ?? a.created) - (b.published ?? b.created))[0];
}

/** @throws {Failure} `usage` for an emergency without its reason, and the other way round */
function actOf({ emergency, reason }: ActOptions): KeyAct {
  if ((reason !== undefined) !== (emergency === true) || reason?.trim() === '')
    throw new Failure('usage', '--emergency and --reason go together', { fix: 'add --emergency --reason TEXT, or neither' });
  if (reason !== undefined && reason.length > 1_000) throw new Failure('usage', '--reason is longer than 1000 characters');
  return reason === undefined ? BY_HOST : { ...BY_HOST, emergency: reason };
}

/** @throws {Failure} */
export async function retire(kid: string, options: ActOptions, terminal: Terminal): Promise<void> {
  const act = actOf(options);
  await change(options, async ({ place, config }) => {
    const what = options.emergency
      ? `The key ${kid} goes at once: tokens that it has signed are refused by whoever fetches the keys anew.`
      : `The key ${kid} is taken out of use.`;
    await confirmOnHost(options, what);
    const algorithms = config.token.signingAlgorithms;
    await answer(await retireSigningKey(place, { kid, algorithms }, act), terminal);
  });
}

/** Seals everything with the master key that is named now, what lies in the clear too. @throws {Failure | KeyUnusable} */
export async function rewrapAll(options: ListOptions, terminal: Terminal): Promise<void> {
  await onHost(options, async ({ place, config, audit, now: at }) => {
    const { folder, storage } = place;
    let count = 0;
    if (config.keys.sealsPlain) {
      count += await sealPlain({ folder, storage, at }, signingKeysAtRest(await storage.signingKeys.list()));
      const plain = audit.plain().map((kid) => ({ kid, state: 'active', kinds: ['ed25519'] }) as const);
      count += await sealPlain({ folder: audit, storage, at }, plain);
    }
    await tidy(place);
    for (const each of [folder, audit]) count += await rewrap({ folder: each, storage, at });
    terminal.say(`${count} keys were sealed anew, the others have been before`);
    await terminal.answer({ rewrapped: count }, rewrappedView);
    if (config.keys.former) terminal.next('take keys.former out of the configuration, and reload: kill -HUP PID');
  });
}

async function answer(key: SigningKeyRecord, terminal: Terminal): Promise<void> {
  terminal.say(`${key.kid} is ${key.state}`);
  await terminal.answer(
    shownKey(key),
    terminal.options.quiet ? { ...signingKeyView, text: ({ kid }) => `${kid}\n` } : signingKeyView,
  );
}
