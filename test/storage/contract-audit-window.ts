import type { AuditWindow } from '../../server/core/audit.ts';
import type { AuditRecord } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import { verdict } from './samples.ts';

const record = (at: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ type: 'x', at, correlationId: verdict.correlationId, details: {} },
  ...more,
});

const RECORDS: readonly AuditRecord[] = [
  record(10, { orgno: '310555037', details: { subject: 'client/a' } }),
  record(20, { type: 'y', clientId: 'a' }),
  record(30, { details: { supplier_orgno: '310555037', odd: '\0 \ud800 \\u0000 "', subject: 'scope/p:x' } }),
  record(40, { clientId: 'b', orgno: '310555045', details: { nested: { subject: 'client/a' } } }),
];

/** A stretch of the audit, and what is looked for in it. */
export function auditWindow(withStore: WithStore): void {
  withStore('a stretch of the audit is read backwards, and what is looked for in it found', async (t, { storage }) => {
    for (const each of RECORDS) await storage.audit.append(each);
    const found = async (window: Partial<AuditWindow>) =>
      (await storage.audit.window({ above: 0, below: 100, limit: 100, ...window })).map(({ sequence }) => sequence);
    t.strictSame(await found({}), [4, 3, 2, 1]);
    t.strictSame(await found({ above: 1, below: 4 }), [3, 2], 'neither end belongs to it');
    t.strictSame(await found({ limit: 2 }), [4, 3], 'the newest first');
    t.strictSame(await found({ from: 20, to: 40 }), [3, 2], 'the moment after the last');
    t.strictSame(await found({ from: 19.5, to: 20.5 }), [2]);
    t.strictSame(await found({ type: 'y' }), [2]);
    t.strictSame(await found({ orgno: '310555037' }), [3, 1], 'who acted, or is named');
    t.strictSame(await found({ subject: 'client/a' }), [2, 1], 'who acted where no subject is named');
    t.strictSame(await found({ subject: 'scope/p:x' }), [3]);
    t.strictSame(await found({ subject: 'scope/p:x', type: 'y' }), []);
    t.strictSame(await found({ subject: 'a\0' }), []);
    const lines = [];
    for await (const line of storage.audit.lines(4)) lines.push(line);
    t.strictSame(await storage.audit.window({ above: 0, below: 5, limit: 9 }), lines.reverse(), 'as they are exported');
    await storage.audit.append(record(50, { type: 'token.issuing', orgno: '310555037' }));
    t.strictSame(await found({ changes: true }), [4, 3, 2, 1], 'all but tokens and their refusals');
    t.strictSame(await found({ changes: true, orgno: '310555037', limit: 1 }), [3]);
  });
}
