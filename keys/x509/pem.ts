import { Refusal } from './refusal.ts';

/** The borders of PEM blocks. RFC 7468 §3 */
const BORDER = /-----(BEGIN|END) ([^\r\n]*?)-----/g;

/** What a PEM block may hold here, by its label. RFC 7468 §5 and §6 */
export type PemLabel = 'CERTIFICATE' | 'X509 CRL';

/**
 * Reads the file of one certificate: DER, or PEM. Text around the PEM block is passed over, as files of CAs carry such
 * (RFC 7468 §5.2); a second block of any kind is not.
 * @returns the DER; whether it is a certificate is not looked at.
 * @throws {Refusal} file
 */
export function readCertificateFile(bytes: Uint8Array): Buffer {
  const [der, ...more] = readBlocks(bytes, 'CERTIFICATE');
  if (!der || more.length > 0) throw new Refusal('file', `${more.length + 1} certificates`);
  return der;
}

/**
 * Reads a file of one kind of thing: PEM blocks of one label with text around them, or the DER of a single one.
 * @returns the DER of each, in order; whether it is what its label says is not looked at.
 * @throws {Refusal} file
 */
export function readBlocks(bytes: Uint8Array, label: PemLabel): readonly Buffer[] {
  const text = Buffer.from(bytes).toString('latin1');
  const borders = [...text.matchAll(BORDER)];
  if (borders.length === 0) return [Buffer.from(bytes)];
  const blocks: Buffer[] = [];
  for (let place = 0; place < borders.length; place += 2) {
    const [begin, end] = borders.slice(place);
    if (begin?.[0] !== `-----BEGIN ${label}-----` || end?.[0] !== `-----END ${label}-----`) {
      throw new Refusal(
        'file',
        borders
          .slice(place, place + 2)
          .map(([border]) => border)
          .join(' '),
      );
    }
    blocks.push(decode(text.slice(begin.index + begin[0].length, end.index)));
  }
  return blocks;
}

function decode(block: string): Buffer {
  const base64 = block.replace(/[ \t\r\n]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.length === 0 || der.toString('base64') !== base64) throw new Refusal('file', 'a PEM block that is not base64');
  return der;
}
