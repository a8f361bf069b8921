import { readDer, TAG } from './der.ts';
import { listExtensions } from './extensions.ts';
import { LongMembers } from './long-der.ts';
import { Refusal } from './refusal.ts';
import { SERIAL_LIMIT, type SerialTable, SerialTableBuilder } from './serial-table.ts';

/**
 * Reads revokedCertificates, each entry strictly, and keeps nothing but the serial numbers. RFC 5280 §5.1.2.6 and §5.3, `PV-SEC-053`
 * @throws {Refusal} naming the rule; critical_extension, too, for an entry about a certificate of another issuer.
 */
export function readRevoked(entries: Buffer | undefined): SerialTable {
  const table = new SerialTableBuilder();
  const assertKnown = extensionJudge();
  const list = entries && LongMembers.of(entries);
  while (list && !list.isAtEnd) {
    const entry = list.open(TAG.sequence);
    table.add(readSerial(entry.take(TAG.integer)));
    assertDate(entry.take(entry.isNext(TAG.utcTime) ? TAG.utcTime : TAG.generalizedTime));
    if (!entry.isAtEnd) assertKnown(entry.take(TAG.sequence));
    entry.end();
  }
  return table.finish();
}

/** A number that no certificate can have is harmless in a list. */
function readSerial(der: Buffer): Buffer {
  const { content } = readDer(der);
  if (content.length > SERIAL_LIMIT) throw new Refusal('structure', 'a serial number without end');
  return content;
}

/** Nothing depends on when a certificate was revoked; of a million dates the form alone is looked at. RFC 5280 §5.1.2.6 */
function assertDate(der: Buffer): void {
  const digits = der[0] === TAG.utcTime ? 12 : 14;
  if (der.length !== digits + 3 || der[1] !== digits + 1 || der[digits + 2] !== Z || !hasDigits(der, digits))
    throw new Refusal('time', 'no date to the second, in Zulu');
}

const Z = 0x5a;

function hasDigits(der: Buffer, count: number): boolean {
  for (let place = 2; place < count + 2; place++) if ((der[place] ?? 0) < 0x30 || (der[place] ?? 0) > 0x39) return false;
  return true;
}

/** Reason, invalidity date, hold instruction: whatever they say, the certificate is listed. RFC 5280 §5.3 */
const KNOWN: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.23', '2.5.29.24']);

/** Most entries carry the same few extensions, which are read once. */
const REMEMBERED = 1000;

function extensionJudge(): (der: Buffer) => void {
  const known = new Set<string>();
  return (der) => {
    const text = der.toString('latin1');
    if (known.has(text)) return;
    for (const { oid, critical } of listExtensions(readDer(der))) {
      if (critical && !KNOWN.has(oid)) throw new Refusal('critical_extension', oid);
    }
    if (known.size < REMEMBERED) known.add(text);
  };
}
