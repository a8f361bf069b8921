import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { KeyPlace } from '../../keys/key-change.ts';
import { KeyFolder } from '../../keys/key-folder.ts';
import { openKeystore } from '../../keys/keystore.ts';
import { makeMasterKeyFile, openMasterKey } from '../../keys/master-key.ts';
import type { KeySettings, MasterKeySetting } from '../../server/core/settings.ts';
import { openStorage } from '../../server/storage/open.ts';

/** The moment that these tests stand at until they turn the clock: 2026-01-01T00:00:00Z. */
export const NOW = 1_767_225_600;

/** A data directory with its store, a clock to turn, and as many master keys beside it as a test wants. */
export type TestPlace = {
  readonly data: string;
  readonly clock: { time: number; now(): number };
  readonly storage: KeyPlace['storage'];
  /** Makes a master key in a file. */
  readonly masterFile: (name: string) => MasterKeySetting;
  /** Writes a passphrase into a file. */
  readonly passphrase: (name: string, text: string) => MasterKeySetting;
  /** The signing keys as a process sees them that has these master keys. */
  readonly at: (keys: Pick<KeySettings, 'master' | 'former'>) => KeyPlace;
};

export async function makePlace(t: Test): Promise<TestPlace> {
  const root = t.testdir();
  const data = join(root, 'data');
  mkdirSync(data, { mode: 0o700 });
  const storage = await openStorage(join(data, 'portvakt.db'));
  t.teardown(() => storage.close());
  const clock = { time: NOW, now: () => clock.time };
  const named = (kind: MasterKeySetting['kind'], name: string) => ({ kind, file: join(root, name), mayBeMade: false });
  return {
    ...{ data, clock, storage },
    masterFile: (name) => {
      const master = named('file', name);
      makeMasterKeyFile(master.file);
      return master;
    },
    passphrase: (name, text) => {
      const master = named('passphrase', name);
      writeFileSync(master.file, text, { mode: 0o600 });
      return master;
    },
    at: (keys) => ({ storage, clock, folder: new KeyFolder(join(data, 'keys'), 'token-signing', openMasterKey(keys)) }),
  };
}

/** A place whose server has started once. */
export async function startedPlace(t: Test): Promise<TestPlace & { readonly place: KeyPlace; readonly kid: string }> {
  const made = await makePlace(t);
  const place = made.at({ master: made.masterFile('master.key') });
  await openKeystore(place);
  const [first] = await made.storage.signingKeys.list();
  return { ...made, place, kid: first?.kid ?? '' };
}
