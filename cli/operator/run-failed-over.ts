import { randomBytes } from 'node:crypto';
import { readConfig } from '../../server/config.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { restoreMoment } from './backup/restored.ts';
import { openExisting } from './existing-store.ts';
import { nearestConfig } from './run-server.ts';

export type FailedOverOptions = { readonly config?: string };

type FailedOver = { readonly issued_from: string };

/**
 * Has every assertion refused that was issued until now: the database has taken the place of one that may have known of more spent ones.
 * In force within a second on every node. `PV-SEC-036`
 * @throws as `readConfig` and `openExisting`
 */
export async function failedOver({ config }: FailedOverOptions, terminal: Terminal): Promise<void> {
  const storage = await openExisting(await readConfig(config ?? (await nearestConfig(process.cwd()))));
  try {
    const { at, issuedFrom } = restoreMoment();
    await storage.transaction(async (changes) => {
      await changes.replayFloor.raise(issuedFrom);
      const details = { issued_from: issuedFrom, actor: 'host' };
      await changes.audit.append({ type: 'store.failed_over', at, correlationId: randomBytes(16).toString('hex'), details });
    });
    terminal.say(`assertions issued before ${rfc3339(issuedFrom)} are refused`);
    await terminal.answer({ issued_from: rfc3339(issuedFrom) }, view);
  } finally {
    await storage.close();
  }
}

const view: View<FailedOver> = {
  fields: [{ name: 'issued_from', heading: 'assertions from' }],
  name: ({ issued_from }) => `replay-floor/${issued_from}`,
};
