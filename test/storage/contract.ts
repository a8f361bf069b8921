import t, { type Test } from 'tap';
import type { Storage } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';
import { acting } from './contract-acting.ts';
import { auditing } from './contract-audit.ts';
import { endings } from './contract-endings.ts';
import { firstResults } from './contract-first-results.ts';
import { lifecycle } from './contract-lifecycle.ts';
import { lists } from './contract-lists.ts';
import { registers } from './contract-registers.ts';
import { replayFloor } from './contract-replay-floor.ts';
import { spending } from './contract-spending.ts';
import { tokenCounts } from './contract-token-counts.ts';
import { transactions } from './contract-transactions.ts';

/** One store for a test to use. */
export type Place = {
  readonly storage: Storage;
  /** Where it is: another adapter, in this process or another, can be opened on it. */
  readonly location: string;
  /** Opens another adapter on it, closed after the test. */
  readonly openAgain: () => Promise<Storage>;
};

/** Gives each test an empty store of its own. */
export type WithStore = (sentence: string, test: (t: Test, place: Place) => Promise<void>) => void;

/**
 * The promises of the storage port, for every adapter.
 * @param locate makes an empty place and says where it is, as `openStorage` takes it.
 */
export function storageContract(name: string, locate: (t: Test) => Promise<string>): void {
  t.test(`${name} keeps the contract of the storage port`, async (t) => {
    for (const part of [
      registers,
      lists,
      acting,
      transactions,
      spending,
      replayFloor,
      auditing,
      tokenCounts,
      endings,
      firstResults,
      lifecycle,
    ]) {
      part((sentence, test) => {
        t.test(sentence, async (t) => {
          const location = await locate(t);
          const openAgain = async (): Promise<Storage> => {
            const storage = await openStorage(location);
            t.teardown(() => storage.close());
            return storage;
          };
          await test(t, { storage: await openAgain(), location, openAgain });
        });
      });
    }
  });
}
