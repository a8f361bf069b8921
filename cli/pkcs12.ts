import type { pkcs12 } from 'node-forge';
import { Failure } from './failure.ts';

/** The private key and the certificates of a PKCS#12 file, all as PEM. */
export type OpenedP12 = { readonly key: string; readonly certificates: readonly string[] };

/**
 * Opens a PKCS#12 file with an RSA key. It decides nothing about trust: the file is the user's own. RFC 7292
 * @returns undefined when the password is wrong.
 * @throws {Failure} saying what it cannot open
 */
export async function openP12(file: string, der: Buffer, password: string): Promise<OpenedP12 | undefined> {
  const { default: forge } = await import('node-forge');
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids;
  let p12: pkcs12.Pkcs12Pfx;
  try {
    p12 = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(der.toString('binary')), password);
  } catch (error) {
    if (error instanceof Error && /password|MAC/i.test(error.message)) return undefined;
    throw unreadable(file, error);
  }
  const bags = (type: string | undefined) => p12.getBags({ bagType: type ?? '' })[type ?? ''] ?? [];
  const [key] = [...bags(pkcs8ShroudedKeyBag), ...bags(keyBag)].flatMap((bag) => bag.key ?? []);
  const certificates = bags(certBag).flatMap((bag) => bag.cert ?? []);
  if (!key || certificates.length === 0) throw unreadable(file, new Error('no RSA key with a certificate in it'));
  return {
    key: forge.pki.privateKeyInfoToPem(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key))),
    certificates: certificates.map((certificate) => forge.pki.certificateToPem(certificate)),
  };
}

function unreadable(file: string, cause: unknown): Failure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Failure('invalid', `${file} cannot be opened as PKCS#12: ${reason}`, {
    fix: `take it apart with openssl, and use --key and --cert:\nopenssl pkcs12 -in ${file} -nodes -nocerts -out key.pem\nopenssl pkcs12 -in ${file} -nokeys -out chain.pem`,
    cause,
  });
}
