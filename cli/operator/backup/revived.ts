import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditBroken } from '../../../server/audit/line.ts';
import type { AuditLine, ChainedRecord } from '../../../server/core/audit.ts';
import type { Storage } from '../../../server/core/ports.ts';
import { openStorage } from '../../../server/storage/open.ts';
import { auditFileLines, bent } from '../../audit-file.ts';
import { Failure } from '../../failure.ts';
import { isRecord } from '../../json.ts';
import { rfc3339 } from '../../moment.ts';

/** A change that was made after the backup, and that the restore undoes. */
export type Undone = { readonly at: string; readonly type: string; readonly subject: string };

/** The store that was restored. */
type Restored = { readonly audit: Pick<Storage['audit'], 'end' | 'lines'> };

/** What takes rights away: undone by a restore it gives them back. */
const TAKES_AWAY = /\.(changed|removed|revoked|withdrawn|denied|deactivated|disabled|released|given_back|retired)$/;

/**
 * The changes after the backup's last record that took something away, by the audit of the store that was lost: its data directory, or
 * an export of its audit.
 * @throws {Failure} `refused` when that audit is not the continuation of this store's
 */
export async function findUndone(restored: Restored, older: string): Promise<readonly Undone[]> {
  const { sequence } = await restored.audit.end();
  const own = await hashesFrom(restored, sequence);
  const undone: Undone[] = [];
  let isOurs = sequence === 0;
  for await (const line of linesOf(older)) {
    if ('checkpoint' in line) continue;
    if (line.sequence <= sequence) isOurs = own.get(line.sequence) === line.hash || (isOurs && !own.has(line.sequence));
    else if (TAKES_AWAY.test(line.type)) undone.push(toUndone(line));
  }
  if (isOurs) return undone;
  throw new Failure('refused', `the audit of ${older} does not go on from that of the backup`, {
    fix: 'name the data directory, or an audit export, of the server that the backup was made of',
  });
}

/** The last record: it alone shows that two audits have one past, because its hash rests on all before it in its chain. */
async function hashesFrom({ audit }: Restored, sequence: number): Promise<ReadonlyMap<number, string>> {
  let last: ChainedRecord | undefined;
  for await (const line of audit.lines(sequence)) if (!('checkpoint' in line)) last = line;
  return new Map(last ? [[last.sequence, last.hash]] : []);
}

function toUndone({ at, type, details }: ChainedRecord): Undone {
  return { at: rfc3339(at), type, subject: isRecord(details) ? subjectOf(details) : '' };
}

/** A signing key is told by its `kid` alone: a stolen one that is valid again is the worst of all. */
function subjectOf({ subject, kid }: Readonly<Record<string, unknown>>): string {
  if (typeof subject === 'string') return subject;
  return typeof kid === 'string' ? `signing-key/${kid}` : '';
}

async function* linesOf(older: string): AsyncGenerator<AuditLine> {
  if ((await stat(older)).isDirectory()) yield* linesOfStore(join(older, 'portvakt.db'));
  else yield* linesOfFile(older);
}

async function* linesOfStore(file: string): AsyncGenerator<AuditLine> {
  await access(file);
  const storage = await openStorage(file);
  try {
    yield* storage.audit.lines((await storage.audit.end()).sequence);
  } finally {
    await storage.close();
  }
}

async function* linesOfFile(file: string): AsyncGenerator<AuditLine> {
  try {
    yield* auditFileLines(createReadStream(file));
  } catch (error) {
    throw error instanceof AuditBroken ? bent(error) : error;
  }
}
