import t, { type Test } from 'tap';
import type { Storage } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';
import { acting } from './contract-acting.ts';
import { auditing } from './contract-audit.ts';
import { auditWindow } from './contract-audit-window.ts';
import { endings } from './contract-endings.ts';
import { explanations } from './contract-explanations.ts';
import { firstResults } from './contract-first-results.ts';
import { keyHolders } from './contract-key-holders.ts';
import { lifecycle } from './contract-lifecycle.ts';
import { lists } from './contract-lists.ts';
import { registers } from './contract-registers.ts';
import { replayFloor } from './contract-replay-floor.ts';
import { spending } from './contract-spending.ts';
import { statistics } from './contract-statistics.ts';
import { tokenCounts } from './contract-token-counts.ts';
import { transactions } from './contract-transactions.ts';

/** One store for a test to use. */
export type Place = {
  readonly storage: Storage;
  /** Where it is: another adapter, in this process or another, can be opened on it. */
  readonly location: string;
  /** Opens another adapter on it, closed after the test. */
  readonly openAgain: () => Promise<Storage>;
  /** Where nothing has been made yet, for whoever may make it. */
  readonly bare: () => Promise<string>;
  /** Whether every adapter knows of a change at once; else within a second, and the one that makes it at once. */
  readonly isOneMachine: boolean;
};

/** Gives each test an empty store of its own. */
export type WithStore = (sentence: string, test: (t: Test, place: Place) => Promise<void>) => void;

/** What the contract is held against. Places are as `openStorage` takes them. */
export type Adapter = {
  /** Makes an empty place, ready to be opened. */
  readonly locate: (t: Test) => Promise<string>;
  /** Makes one in which there is nothing. */
  readonly locateBare: (t: Test) => Promise<string>;
  readonly isOneMachine: boolean;
};

/** The promises of the storage port, for every adapter. */
export function storageContract(name: string, { locate, locateBare, isOneMachine }: Adapter): void {
  t.test(`${name} keeps the contract of the storage port`, async (t) => {
    for (const part of [
      registers,
      lists,
      acting,
      transactions,
      spending,
      replayFloor,
      auditing,
      auditWindow,
      tokenCounts,
      statistics,
      endings,
      explanations,
      keyHolders,
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
          await test(t, { storage: await openAgain(), location, openAgain, bare: () => locateBare(t), isOneMachine });
        });
      });
    }
  });
}
