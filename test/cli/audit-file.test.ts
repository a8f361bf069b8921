import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { verifyFile } from '../../cli/audit-file.ts';
import { ORIGIN, recordHash } from '../../server/audit/chain.ts';
import { signCheckpoint } from '../../server/audit/checkpoint.ts';
import { AuditBroken, writeLine } from '../../server/audit/line.ts';
import type { ChainedRecord } from '../../server/core/audit.ts';

// A long line is read in one go: one that is copied with each part of it takes minutes.
t.setTimeout(30_000);

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = new Map([['a', publicKey]]);

/** An audit of one record, which ends in a checkpoint. */
function audit(details: Readonly<Record<string, unknown>>): string {
  const place = { sequence: 1, chain: 1, number: 1, previous: ORIGIN };
  const unhashed = { ...place, at: 1, correlation_id: 'c', details, type: 'client.changed', hash: '' } as ChainedRecord;
  const record = { ...unhashed, hash: recordHash(unhashed) };
  const chains = [{ chain: 1, number: 1, hash: record.hash }];
  const checkpoint = { number: 1, at: 1, sequence: 1, whole: true, chains, previous: ORIGIN };
  const signer = { kid: 'a', sign: (text: string) => sign(null, Buffer.from(text), privateKey).toString('base64url') };
  return `${writeLine(record)}\n${writeLine(signCheckpoint(checkpoint, signer))}\n`;
}

async function verify(bytes: Buffer | string) {
  const folder = await mkdtemp(join(tmpdir(), 'portvakt-test-'));
  try {
    await writeFile(join(folder, 'audit.ndjson'), bytes);
    return await verifyFile(join(folder, 'audit.ndjson'), keys);
  } finally {
    await rm(folder, { recursive: true });
  }
}

t.test('PV-SEC-108 a byte that makes other bytes unreadable is seen, and not read as what stood there', async (t) => {
  const good = Buffer.from(audit({ name: 'a\ufffdb' }));
  t.match(await verify(good), { summary: { records: 1 } });
  const place = good.indexOf(Buffer.from('\ufffd'));
  for (let byte = 0; byte < 256; byte++) {
    if (byte === good[place]) continue;
    const bent = Buffer.from(good);
    bent[place] = byte;
    await t.rejects(verify(bent), AuditBroken, `0x${byte.toString(16)}`);
  }
});

t.test('what nobody has exported is refused at once, however it is made', async (t) => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  await t.rejects(verify(audit({ deep: 'x' }).replace('"x"', deep)), AuditBroken, 'nested deep');
  await t.rejects(verify(`${'x'.repeat(60 * 1024 * 1024)}\n`), AuditBroken, 'a long line');
  await t.rejects(verify('x'.repeat(65 * 1024 * 1024)), AuditBroken, 'a line without an end');
  await t.rejects(verify(audit({}).slice(0, -1)), AuditBroken, 'no last line end');
  t.match(await verify(audit({ text: 'y'.repeat(200_000) })), { summary: { records: 1 } }, 'a line in several parts');
});
