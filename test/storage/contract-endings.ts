import type { Test } from 'tap';
import type { SeenCertificate } from '../../server/core/endings.ts';
import type { Storage } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import { client, consumer, key, putAll, supplier } from './samples.ts';
import { delegation } from './samples-acting.ts';

/** A client that may act: that of the samples is blocked. */
const { blocked: _, ...acting } = client;
const { clientId, orgno } = client;

/** What ends, found by its end. */
export function endings(withStore: WithStore): void {
  withStore('keys are found in the span of their end, of clients that may act, by party', async (t, { storage, openAgain }) => {
    await storage.transaction(putAll);
    const put = (changes: object): Promise<void> =>
      storage.transaction(async ({ clients }) => clients.put({ ...acting, keys: [{ ...key, expires: 5_000 }], ...changes }));
    await put({ supplierOrgno: supplier.orgno });
    const { endings } = await openAgain();
    const found = { clientId, clientName: client.name, kid: key.kid, orgno, supplierOrgno: supplier.orgno, ends: 5_000 };
    const span = { from: 4_999, until: 5_000 };
    t.strictSame(await endings.keys(span), [found], 'the end is in the span, its beginning is not');
    for (const party of [orgno, supplier.orgno]) t.strictSame(await endings.keys(span, party), [found]);
    await nothing(t, [endings.keys({ from: 5_000, until: 6_000 }), endings.keys({ from: 0, until: 4_999 })]);
    await nothing(t, [endings.keys(span, '310555061'), endings.keys(span, '')]);
    await put({ active: false });
    await nothing(t, [endings.keys(span)]);
    await put({ blocked: 'brudd' });
    await nothing(t, [endings.keys(span)]);
  });

  withStore('certificates that were seen are found as keys are', async (t, { storage }) => {
    await storage.transaction(putAll);
    await storage.transaction(async ({ clients }) => clients.put(acting));
    await storage.seenCertificates.add([seen('a', 10)]);
    const span = { from: 999, until: 1_000 };
    t.strictSame(await storage.endings.certificates(span), [seen('a', 10)]);
    t.strictSame(await storage.endings.certificates(span, orgno), [seen('a', 10)]);
    await nothing(t, [
      storage.endings.certificates(span, '310555061'),
      storage.endings.certificates({ from: 1_000, until: 9_000 }),
    ]);
    await storage.transaction(async ({ clients }) => clients.put(client));
    await nothing(t, [storage.endings.certificates(span)]);
  });

  withStore(
    'a certificate that is seen again is the same one, last seen then, and goes when it has ended',
    async (t, { storage }) => {
      await storage.transaction(putAll);
      await storage.transaction(async ({ clients }) => clients.put(acting));
      const { seenCertificates } = storage;
      await seenCertificates.add([seen('a', 200)]);
      await seenCertificates.add([seen('a', 100)]);
      t.strictSame(await lastSeen(storage), [200], 'of two processes the later counts');
      await seenCertificates.add([seen('a', 1_000), seen('b', 300)]);
      await seenCertificates.add([]);
      t.strictSame(await lastSeen(storage), [1_000, 300]);
      await seenCertificates.add([{ ...seen('c', 1_001), notAfter: 2_000 }]);
      t.strictSame(await lastSeen(storage), [1_001]);
    },
  );

  withStore('delegations are found in the span of their end, by party, until they are revoked', async (t, { storage }) => {
    await storage.transaction(putAll);
    const given = { ...delegation, validTo: 7_000, revoked: false };
    await storage.transaction(async ({ delegations }) => delegations.put(given));
    const span = { from: 6_999, until: 7_000 };
    for (const party of [undefined, given.consumerOrgno, given.supplierOrgno])
      t.strictSame(await storage.endings.delegations(span, party), [given]);
    await nothing(t, [
      storage.endings.delegations(span, '310555061'),
      storage.endings.delegations({ from: 7_000, until: 8_000 }),
    ]);
    await storage.transaction(async ({ delegations }) => delegations.put({ ...given, revoked: true }));
    await nothing(t, [storage.endings.delegations(span)]);
  });
}

function seen(fingerprint: string, at: number): SeenCertificate {
  return { clientId, fingerprint, subject: 'æ', serial: '0f', orgno: consumer.orgno, notAfter: 1_000, lastSeen: at };
}

async function lastSeen({ endings }: Storage): Promise<number[]> {
  return (await endings.certificates({ from: 0, until: 9_000 })).map(({ lastSeen }) => lastSeen);
}

async function nothing(t: Test, lists: readonly Promise<readonly object[]>[]): Promise<void> {
  for (const list of lists) t.strictSame(await list, []);
}
