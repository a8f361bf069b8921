import { createPublicKey, type JsonWebKey, randomBytes } from 'node:crypto';
import { AuditBroken } from '../../server/audit/line.ts';
import { readConfig } from '../../server/config.ts';
import type { AuditRecord, Storage } from '../../server/core/ports.ts';
import { bent, type VerifiedAudit, verifyFile } from '../audit-file.ts';
import { confirmOnHost } from '../confirm.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { openExisting } from './existing-store.ts';
import { nearestConfig } from './run-server.ts';

export type PruneOptions = {
  readonly audit: string;
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
};

type Pruned = { readonly removed: number; readonly checkpoint: number; readonly last_sequence: number; readonly dry_run?: true };

/**
 * Takes out of the audit what an export holds. Nothing goes that the file does not prove to hold: it is verified with the store's own
 * keys first, and has to end in a checkpoint of this very store.
 * @throws {Failure} `unhealthy` for a file that was bent, `refused` for another store's; as {@link readConfig}
 */
export async function prune(options: PruneOptions, terminal: Terminal): Promise<void> {
  const storage = await openExisting(await readConfig(options.config ?? (await nearestConfig(process.cwd()))));
  try {
    const { summary, last } = await verified(options.audit, storage);
    const { last_checkpoint: checkpoint, last_sequence } = summary;
    const about = { checkpoint, last_sequence };
    if (options.dryRun) {
      terminal.say(`dry run, nothing is taken out: ${summary.records} records up to checkpoint ${checkpoint}`);
      return await terminal.answer({ removed: 0, ...about, dry_run: true as const }, view);
    }
    await confirmOnHost(
      options,
      `This takes ${summary.records} records out of the audit; ${options.audit} is all that is left of them.`,
    );
    while (await storage.statistics.fold());
    const removed = await storage.audit.prune(last, record(about));
    if (removed === undefined)
      throw new Failure('refused', `${options.audit} does not end in a checkpoint of this store that names every chain`, {
        fix: 'take a new export of this server: portvakt audit export',
      });
    terminal.say(`${removed} records up to checkpoint ${checkpoint} were taken out`);
    await terminal.answer({ removed, ...about }, view);
  } finally {
    await storage.close();
  }
}

async function verified(file: string, { audit }: Storage): Promise<VerifiedAudit> {
  const keys = (await audit.keys()).map(
    ({ kid, jwk }) => [kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })] as const,
  );
  try {
    return await verifyFile(file, new Map(keys));
  } catch (error) {
    throw error instanceof AuditBroken ? bent(error) : error;
  }
}

function record(details: Readonly<Record<string, unknown>>): AuditRecord {
  const at = Math.floor(Date.now() / 1000);
  return { type: 'audit.pruned', at, correlationId: randomBytes(16).toString('hex'), details: { ...details, actor: 'host' } };
}

const view: View<Pruned> = {
  fields: [{ name: 'removed' }, { name: 'checkpoint' }, { name: 'last_sequence' }, { name: 'dry_run', wide: true }],
  name: ({ checkpoint }) => `checkpoint/${checkpoint}`,
};
