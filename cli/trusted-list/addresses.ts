import type { Certificate } from '../../keys/x509/certificate.ts';
import { Refusal } from '../../keys/x509/refusal.ts';
import { isSignedBy } from '../../keys/x509/signature.ts';
import { isRevocationAddress, MAX_LISTS } from '../../server/core/revocation-address.ts';
import type { Service } from './services.ts';

/** Where it is told what a CA has revoked. */
export type Addresses = { readonly crl_urls: readonly string[]; readonly ocsp_url?: string };

const CERTIFICATE_STATUS = 'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/';
const IN_USE: readonly string[] = ['granted', 'recognisedatnationallevel'].map(
  (status) => `http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/${status}`,
);

/**
 * Where a list says that a CA's revocation lists and its responder are: the supply points of services for certificate status that
 * are known by the CA's own certificate or by one that it has issued. Most lists name few of them. A wrong address does no harm but
 * that nothing is found there: lists and answers are verified by the CA's key. ETSI TS 119 612 §5.5.1.1, §5.5.7
 */
export function addressesOf(ca: Certificate, services: readonly Service[]): Addresses {
  const own = services.filter(
    ({ type, status, certificates }) =>
      type.startsWith(CERTIFICATE_STATUS) &&
      IN_USE.includes(status) &&
      certificates.some(({ certificate }) => certificate && speaksFor(certificate, ca)),
  );
  const points = (kind: 'CRL' | 'OCSP') =>
    own
      .filter(({ type }) => type.slice(CERTIFICATE_STATUS.length).split('/', 1)[0] === kind)
      .flatMap(({ supplyPoints }) => supplyPoints)
      .filter(isRevocationAddress);
  const [responder] = points('OCSP');
  return {
    crl_urls: [...new Set(points('CRL'))].slice(0, MAX_LISTS),
    ...(responder !== undefined && { ocsp_url: responder }),
  };
}

function speaksFor(certificate: Certificate, ca: Certificate): boolean {
  if (certificate.der.equals(ca.der)) return true;
  if (!certificate.issuer.der.equals(ca.subject.der)) return false;
  try {
    return isSignedBy(certificate, ca);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
