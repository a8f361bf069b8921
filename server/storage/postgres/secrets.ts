import { randomBytes } from 'node:crypto';
import type { Storage } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The server's own random values: whoever asks first makes one, and everybody gets that. */
export function secrets(connection: Connection): Storage['secret'] {
  const find = connection.statement<[name: string], { value: Buffer }>('SELECT value FROM secrets WHERE name = $1');
  const make = connection.statement<[name: string, value: Buffer]>(
    'INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
  );
  return async (name) => {
    await make.run(name, randomBytes(32));
    const secret = await find.get(name);
    if (!secret) throw new Error(`the secret ${name} is gone after it was made`);
    return secret.value;
  };
}
