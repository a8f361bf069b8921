import { join } from 'node:path';
import type { Test } from 'tap';
import { storageContract } from './contract.ts';

const locate = async (t: Test): Promise<string> => join(t.testdir(), 'data', 'portvakt.db');

storageContract('SQLite', { locate, locateBare: async (t) => `${await locate(t)}.new`, isOneMachine: true });
