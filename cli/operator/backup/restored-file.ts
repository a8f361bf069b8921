import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flush } from './write-backup.ts';

/** Writes a file of a backup to its place below a folder, durably. */
export async function writeRestored(to: string, path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const place = join(to, path);
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  const handle = await open(place, 'wx', 0o600);
  try {
    for await (const chunk of bytes) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await flush(dirname(place));
}
