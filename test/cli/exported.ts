import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openCheckpointKey } from '../../keys/checkpoint-key.ts';
import { writeLine } from '../../server/audit/line.ts';
import { systemClock } from '../../server/clock.ts';
import { readConfig } from '../../server/config.ts';
import { keyFolders } from '../../server/foundations.ts';
import { openStorage } from '../../server/storage/open.ts';

/** Writes `audit.ndjson` in a host's folder: the sealed audit of the store that `init` made there, with five records more. */
export async function exportAudit(home: string): Promise<void> {
  const config = await readConfig(join(home, 'portvakt.yaml'), {});
  const storage = await openStorage(join(home, 'portvakt-data/portvakt.db'));
  const { audit: folder } = keyFolders({ ...config, dataDir: join(home, 'portvakt-data') });
  storage.audit.sealWith(await openCheckpointKey({ folder, storage, clock: systemClock }));
  for (let n = 0; n < 5; n++) await storage.audit.append({ type: 'test', at: n, correlationId: '0', details: {} });
  await storage.audit.seal(5);
  const { sequence } = await storage.audit.end();
  const lines = async function* () {
    for await (const line of storage.audit.lines(sequence)) yield `${writeLine(line)}\n`;
  };
  await pipeline(Readable.from(lines()), createWriteStream(join(home, 'audit.ndjson')));
  await storage.close();
}
