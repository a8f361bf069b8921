import { Refusal } from './refusal.ts';

/** The borders of PEM blocks. RFC 7468 §3 */
const BORDER = /-----(BEGIN|END) ([^\r\n]*?)-----/g;

/**
 * Reads the file of one certificate: DER, or PEM. Text around the PEM block is passed over, as files of CAs carry such
 * (RFC 7468 §5.2); a second block of any kind is not.
 * @returns the DER; whether it is a certificate is not looked at.
 * @throws {Refusal} file
 */
export function readCertificateFile(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes).toString('latin1');
  const borders = [...text.matchAll(BORDER)];
  if (borders.length === 0) return Buffer.from(bytes);
  const [begin, end, ...more] = borders;
  if (begin?.[0] !== '-----BEGIN CERTIFICATE-----' || end?.[0] !== '-----END CERTIFICATE-----' || more.length > 0) {
    throw new Refusal('file', borders.map(([border]) => border).join(' '));
  }
  const base64 = text.slice(begin.index + begin[0].length, end.index).replace(/[ \t\r\n]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.length === 0 || der.toString('base64') !== base64) throw new Refusal('file', 'a PEM block that is not base64');
  return der;
}
