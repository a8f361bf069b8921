import { join } from 'node:path';
import { storageContract } from './contract.ts';

storageContract('SQLite', async (t) => join(t.testdir(), 'data', 'portvakt.db'));
