import { createPrivateKey, sign } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeLine } from '../../server/audit/line.ts';
import { openStorage } from '../../server/storage/open.ts';

/** Writes `audit.ndjson` in a host's folder: the sealed audit of the store that `init` made there, with five records more. */
export async function exportAudit(home: string): Promise<void> {
  const data = join(home, 'portvakt-data');
  const storage = await openStorage(join(data, 'portvakt.db'));
  const [file = ''] = await readdir(join(data, 'audit-keys'));
  const key = createPrivateKey(await readFile(join(data, 'audit-keys', file)));
  const signed = (text: string): string => sign(null, Buffer.from(text), key).toString('base64url');
  storage.audit.sealWith({ kid: file.replace('.pem', ''), sign: signed });
  for (let n = 0; n < 5; n++) await storage.audit.append({ type: 'test', at: n, correlationId: '0', details: {} });
  await storage.audit.seal(5);
  const { sequence } = await storage.audit.end();
  const lines = async function* () {
    for await (const line of storage.audit.lines(sequence)) yield `${writeLine(line)}\n`;
  };
  await pipeline(Readable.from(lines()), createWriteStream(join(home, 'audit.ndjson')));
  await storage.close();
}
