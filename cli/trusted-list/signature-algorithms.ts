import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import type { HashAlgorithm, SignatureAlgorithm } from 'xml-crypto';
import type { Certificate } from '../../keys/x509/certificate.ts';
import { issuerKey } from '../../keys/x509/public-key.ts';

/** How a signature is made. RFC 9231 §2.3 */
type Method = { readonly digest: string; readonly key: 'rsa' | 'ec'; readonly saltLength?: number };

/** By identifier: those that are safe. */
const METHODS: Readonly<Record<string, Method>> = {
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': { digest: 'sha256', key: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': { digest: 'sha384', key: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': { digest: 'sha512', key: 'rsa' },
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1': { digest: 'sha256', key: 'rsa', saltLength: 32 },
  'http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1': { digest: 'sha384', key: 'rsa', saltLength: 48 },
  'http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1': { digest: 'sha512', key: 'rsa', saltLength: 64 },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256': { digest: 'sha256', key: 'ec' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384': { digest: 'sha384', key: 'ec' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512': { digest: 'sha512', key: 'ec' },
};

const DIGESTS: Readonly<Record<string, string>> = {
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
  'http://www.w3.org/2001/04/xmldsig-more#sha384': 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
};

/** Whether a signature may be made so. */
export function isSafeMethod(identifier: string): boolean {
  return Object.hasOwn(METHODS, identifier);
}

/** Whether what is signed may be digested so. */
export function isSafeDigest(identifier: string): boolean {
  return Object.hasOwn(DIGESTS, identifier);
}

/** The digests, as the library asks for them. */
export function hashAlgorithms(): Record<string, new () => HashAlgorithm> {
  const classOf = ([identifier, digest]: [string, string]) => {
    class Hash implements HashAlgorithm {
      getAlgorithmName = (): string => identifier;
      getHash = (xml: string): string => createHash(digest).update(xml, 'utf8').digest('base64');
    }
    return [identifier, Hash] as const;
  };
  return Object.fromEntries(Object.entries(DIGESTS).map(classOf));
}

/**
 * The signature algorithms, as the library asks for them. They look at the keys of these signers and at no other, whatever the document
 * holds and the library hands over.
 * @param found told whose key it was.
 */
export function signatureAlgorithms(
  signers: readonly Certificate[],
  found: (signer: Certificate) => void,
): Record<string, new () => SignatureAlgorithm> {
  const classOf = ([identifier, method]: [string, Method]) => {
    class Signature implements SignatureAlgorithm {
      getAlgorithmName = (): string => identifier;
      getSignature = (): never => {
        throw new Error('lists are verified here, and never signed');
      };
      verifySignature = (material: string, _: unknown, value: string): boolean => {
        const signature = Buffer.from(value.replace(/[ \t\r\n]/g, ''), 'base64');
        const signer = signers.find((each) => isMadeBy(issuerKey(each), method, { material, signature }));
        if (signer) found(signer);
        return signer !== undefined;
      };
    }
    return [identifier, Signature] as const;
  };
  return Object.fromEntries(Object.entries(METHODS).map(classOf));
}

type Signed = { readonly material: string; readonly signature: Buffer };

/** RFC 9231 §2.3.6: an ECDSA signature is its two numbers, one after the other. */
function isMadeBy(key: KeyObject, { digest, key: type, saltLength }: Method, { material, signature }: Signed): boolean {
  if (key.asymmetricKeyType !== type) return false;
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return verify(digest, Buffer.from(material, 'utf8'), { key, dsaEncoding: 'ieee-p1363', ...padding }, signature);
}
