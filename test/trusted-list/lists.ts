import { createSign, type KeyObject } from 'node:crypto';
import { type HashAlgorithm, type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import { type Certificate, readCertificate } from '../../keys/x509/certificate.ts';
import { commonName, DAY, key, makeRoot, NOW } from '../keys/pki.ts';

export const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
export const ECDSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';

export const CA_QC = 'http://uri.etsi.org/TrstSvc/Svctype/CA/QC';
const STATUS = 'http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/';
const INFORMATION = 'http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/';

/** A service of a list, as ordered; everything but its certificates has a default. */
export type ServiceOrder = {
  readonly certificates: readonly Buffer[];
  readonly name?: string;
  readonly type?: string;
  readonly status?: string;
  readonly since?: number;
  readonly purposes?: readonly string[];
  /** More extensions, as XML. */
  readonly extensions?: string;
  readonly supplyPoints?: readonly string[];
};

/** What a list is made of. */
export type ListOrder = {
  readonly territory?: string;
  readonly issued?: number;
  /** Null closes the list. */
  readonly nextUpdate?: number | null;
  readonly type?: string;
  readonly version?: string;
  readonly attributes?: string;
  readonly services?: readonly ServiceOrder[];
};

const at = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const name = (text: string): string => `<Name xml:lang="nb">Navn</Name><Name xml:lang="en">${escaped(text)}</Name>`;

/** A list that nobody has signed yet. ETSI TS 119 612 */
export function listXml(order: ListOrder = {}): string {
  const { territory = 'SE', issued = NOW - DAY, nextUpdate = NOW + 30 * DAY, version = '6', attributes = 'Id="list"' } = order;
  const { type = 'http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric', services = [] } = order;
  return `<?xml version="1.0" encoding="UTF-8"?>
<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" TSLTag="http://uri.etsi.org/19612/TSLTag" ${attributes}>
  <SchemeInformation>
    <TSLVersionIdentifier>${version}</TSLVersionIdentifier>
    <TSLSequenceNumber>7</TSLSequenceNumber>
    <TSLType>${type}</TSLType>
    <SchemeOperatorName>${name('Made-up Authority')}</SchemeOperatorName>
    <SchemeTerritory>${territory}</SchemeTerritory>
    <ListIssueDateTime>${at(issued)}</ListIssueDateTime>
    <NextUpdate>${nextUpdate === null ? '' : `<dateTime>${at(nextUpdate)}</dateTime>`}</NextUpdate>
  </SchemeInformation>
  ${services.length === 0 ? '' : providers(services)}
</TrustServiceStatusList>`;
}

function providers(services: readonly ServiceOrder[]): string {
  return `<TrustServiceProviderList><TrustServiceProvider>
    <TSPInformation><TSPName>${name('Påhittad Tillit AB')}</TSPName></TSPInformation>
    <TSPServices>${services.map(service).join('\n')}</TSPServices>
  </TrustServiceProvider></TrustServiceProviderList>`;
}

function service(order: ServiceOrder): string {
  const { certificates, name: title = 'Seals', type = CA_QC, status = 'granted', since = NOW - 100 * DAY } = order;
  const { purposes = ['ForeSeals'], extensions = '', supplyPoints = [] } = order;
  const ids = certificates.map((der) => `<DigitalId><X509Certificate>${der.toString('base64')}</X509Certificate></DigitalId>`);
  const points = supplyPoints.map((point) => `<ServiceSupplyPoint>${escaped(point)}</ServiceSupplyPoint>`);
  const more = purposes.map((purpose) =>
    extension(
      `<AdditionalServiceInformation><URI xml:lang="en">${INFORMATION}${purpose}</URI></AdditionalServiceInformation>`,
      true,
    ),
  );
  return `<TSPService><ServiceInformation>
    <ServiceTypeIdentifier>${type}</ServiceTypeIdentifier>
    <ServiceName>${name(title)}</ServiceName>
    <ServiceDigitalIdentity>${ids.join('')}<DigitalId><X509SubjectName>CN=x</X509SubjectName></DigitalId></ServiceDigitalIdentity>
    <ServiceStatus>${STATUS}${status}</ServiceStatus>
    <StatusStartingTime>${at(since)}</StatusStartingTime>
    ${points.length === 0 ? '' : `<ServiceSupplyPoints>${points.join('')}</ServiceSupplyPoints>`}
    <ServiceInformationExtensions>${more.join('')}${extensions}</ServiceInformationExtensions>
  </ServiceInformation></TSPService>`;
}

/** An extension of a service. */
export function extension(content: string, critical: boolean): string {
  return `<Extension Critical="${critical}">${content}</Extension>`;
}

/** Who signs lists in a test: a certificate of his own, and its key. */
export type Signer = { readonly key: KeyObject; readonly der: Buffer; readonly certificate: Certificate };

/** A signer, with the key of his name. */
export function makeSigner(title = 'signer', kind: 'P-256' | number = 2048, notAfter = NOW + 30 * DAY): Signer {
  const own = key(title, kind);
  const { der } = makeRoot(title, { subject: commonName(title), signer: own, notAfter });
  return { key: own, der, certificate: readCertificate(der) };
}

/** How a list is signed, where not as it should be. */
export type SigningOrder = {
  readonly method?: string;
  readonly digest?: string;
  readonly canonicalization?: string;
  readonly transforms?: readonly string[];
  readonly uri?: string;
  readonly xpath?: string;
  /** Whether XAdES properties are signed too, as real lists have it. */
  readonly properties?: boolean;
  /** More references, by what they are to. */
  readonly more?: readonly { readonly xpath: string; readonly transforms: readonly string[] }[];
  /** Where the signature is put. */
  readonly within?: string;
  /** What stands in the signature besides. */
  readonly object?: string;
};

const PROPERTIES = `<xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#sig"><xades:SignedProperties Id="properties"><xades:SignedSignatureProperties><xades:SigningTime>2025-12-31T11:22:33Z</xades:SigningTime></xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties>`;

/** Signs a list as its signer would. */
export function signList(xml: string, signer: Signer, order: SigningOrder = {}): string {
  const isRsa = signer.key.asymmetricKeyType === 'rsa';
  const { method = isRsa ? RSA_SHA256 : ECDSA_SHA256, canonicalization = EXCLUSIVE, digest = SHA256 } = order;
  const { transforms = [ENVELOPED, EXCLUSIVE], uri = '', xpath = '/*', properties = true, more = [], within, object } = order;
  const objects = [...(properties ? [{ content: PROPERTIES }] : []), ...(object === undefined ? [] : [{ content: object }])];
  const library = new SignedXml({
    ...{ signatureAlgorithm: method, canonicalizationAlgorithm: canonicalization, objects },
    privateKey: signer.key.export({ type: 'pkcs8', format: 'pem' }),
    publicCert: `-----BEGIN CERTIFICATE-----\n${signer.der.toString('base64')}\n-----END CERTIFICATE-----\n`,
  });
  if (!isRsa) library.SignatureAlgorithms[ECDSA_SHA256] = EcdsaSha256;
  library.HashAlgorithms['http://www.w3.org/2001/04/xmldsig-more#md5'] = Weak;
  library.addReference({ xpath, transforms: [...transforms], digestAlgorithm: digest, uri, isEmptyUri: uri === '' });
  if (properties) {
    const type = 'http://uri.etsi.org/01903#SignedProperties';
    const reference = { xpath: "//*[@Id='properties']", transforms: [EXCLUSIVE], digestAlgorithm: SHA256, type };
    library.addReference(reference);
  }
  for (const { xpath, transforms } of more)
    library.addReference({ xpath, transforms: [...transforms], digestAlgorithm: SHA256, isEmptyUri: xpath === '/*' });
  library.computeSignature(xml, { prefix: 'ds', attrs: { Id: 'sig' }, ...(within && { location: { reference: within } }) });
  return library.getSignedXml();
}

class EcdsaSha256 implements SignatureAlgorithm {
  getAlgorithmName = (): string => ECDSA_SHA256;
  verifySignature = (): never => {
    throw new Error('it signs alone');
  };
  getSignature = (material: unknown, privateKey: unknown): string =>
    createSign('sha256')
      .update(material as string)
      .sign({ key: privateKey as string, dsaEncoding: 'ieee-p1363' }, 'base64');
}

class Weak implements HashAlgorithm {
  getAlgorithmName = (): string => 'http://www.w3.org/2001/04/xmldsig-more#md5';
  getHash = (): string => 'AAAAAAAAAAAAAAAAAAAAAA==';
}
