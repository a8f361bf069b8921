import { randomBytes } from 'node:crypto';
import type { Storage } from '../../core/ports.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

/** The server's own random values: whoever asks first makes one, and everybody gets that. */
export function secrets(writer: Connection, writes: WriteQueue): Storage['secret'] {
  const find = writer.statement<[name: string], { value: Buffer }>('SELECT value FROM secrets WHERE name = ?');
  const make = writer.statement<[name: string, value: Buffer]>(
    'INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
  );
  const findOrMake = writer.change((name: string) => {
    make.run(name, randomBytes(32));
    return find.get(name);
  });
  return async (name) => {
    const secret = await writes.run(() => findOrMake(name));
    if (!secret) throw new Error(`the secret ${name} is gone after it was made`);
    return secret.value;
  };
}
