import type { Element } from '@xmldom/xmldom';
import { type Certificate, readCertificate } from '../../keys/x509/certificate.ts';
import { Refusal } from '../../keys/x509/refusal.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { childrenNamed, childrenOf, isElement, type Name, NS, onlyChild, optionalChild, textOf } from './elements.ts';
import { ListRefusal } from './refusal.ts';

/** A service of a list, as the list has it today. ETSI TS 119 612 §5.5 */
export type Service = {
  /** Who provides it, and what it is called: in English, where the list has that. */
  readonly provider: string;
  readonly title: string;
  readonly type: string;
  readonly status: string;
  readonly since: EpochSeconds;
  /** The certificates by which the service is known. */
  readonly certificates: readonly ListedCertificate[];
  /** What the service is for, by identifiers such as …/ForeSeals. §5.5.9.4 */
  readonly purposes: readonly string[];
  /** What its qualifications say of some of its certificates. §5.5.9.2 */
  readonly qualifiers: readonly string[];
  /** Critical extensions that are not understood here, by name: the service must not be used then. §5.5.9 */
  readonly unknown: readonly string[];
  readonly supplyPoints: readonly string[];
};

/** A certificate of a list: its DER, and what it says, or why it cannot be read. */
export type ListedCertificate = { readonly der: Buffer; readonly certificate?: Certificate; readonly flaw?: string };

const tsl = (name: string): Name => [NS.list, name];

/** All services of a list, in its order. What they were before is not looked at. @throws {ListRefusal} member, certificate */
export function readServices(root: Element): readonly Service[] {
  const providers = optionalChild(root, tsl('TrustServiceProviderList'));
  if (!providers) return [];
  return childrenNamed(providers, tsl('TrustServiceProvider')).flatMap((provider) => {
    const name = nameIn(onlyChild(onlyChild(provider, tsl('TSPInformation')), tsl('TSPName')));
    const services = childrenNamed(onlyChild(provider, tsl('TSPServices')), tsl('TSPService'));
    return services.map((service) => readService(onlyChild(service, tsl('ServiceInformation')), name));
  });
}

function readService(information: Element, provider: string): Service {
  const text = (name: string) => textOf(onlyChild(information, tsl(name)));
  const points = optionalChild(information, tsl('ServiceSupplyPoints'));
  return {
    ...{ provider, title: nameIn(onlyChild(information, tsl('ServiceName'))) },
    ...{ type: text('ServiceTypeIdentifier'), status: text('ServiceStatus') },
    since: readInstant(onlyChild(information, tsl('StatusStartingTime'))),
    certificates: readIdentity(onlyChild(information, tsl('ServiceDigitalIdentity'))),
    ...readExtensions(optionalChild(information, tsl('ServiceInformationExtensions'))),
    supplyPoints: points ? childrenNamed(points, tsl('ServiceSupplyPoint')).map(textOf) : [],
  };
}

/** §5.5.3. Names and key identifiers of the same service name no certificate. */
function readIdentity(identity: Element): readonly ListedCertificate[] {
  return childrenNamed(identity, tsl('DigitalId'))
    .flatMap((id) => childrenNamed(id, tsl('X509Certificate')))
    .map((element) => readListed(textOf(element)));
}

function readListed(text: string): ListedCertificate {
  const base64 = text.replace(/[ \t\r\n]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.length === 0 || der.toString('base64') !== base64) throw new ListRefusal('certificate', 'something that is not base64');
  try {
    return { der, certificate: readCertificate(der) };
  } catch (error) {
    if (error instanceof Refusal) return { der, flaw: error.message };
    throw error;
  }
}

/** Extensions whose element is known; the others of a service only count when they are critical. §5.5.9 */
const UNDERSTOOD: readonly Name[] = [
  tsl('AdditionalServiceInformation'),
  tsl('ExpiredCertsRevocationInfo'),
  [NS.qualifications, 'Qualifications'],
];

function readExtensions(extensions: Element | undefined): Pick<Service, 'purposes' | 'qualifiers' | 'unknown'> {
  const all = extensions ? childrenNamed(extensions, tsl('Extension')) : [];
  const contents = all.flatMap(childrenOf);
  const named = (name: Name) => contents.filter((element) => isElement(element, name));
  const isCritical = (extension: Element) => !['false', '0'].includes(extension.getAttribute('Critical'));
  const isUnknown = (element: Element) => !UNDERSTOOD.some((name) => isElement(element, name));
  return {
    purposes: named(tsl('AdditionalServiceInformation')).map((information) => textOf(onlyChild(information, tsl('URI')))),
    qualifiers: named([NS.qualifications, 'Qualifications']).flatMap(readQualifiers),
    unknown: all
      .filter(isCritical)
      .flatMap(childrenOf)
      .filter(isUnknown)
      .map(({ localName }) => localName),
  };
}

function readQualifiers(qualifications: Element): readonly string[] {
  const sie = (name: string): Name => [NS.qualifications, name];
  return childrenNamed(qualifications, sie('QualificationElement'))
    .flatMap((element) => childrenNamed(element, sie('Qualifiers')))
    .flatMap((qualifiers) => childrenNamed(qualifiers, sie('Qualifier')))
    .map((qualifier) => qualifier.getAttribute('uri'));
}

/** A name in English, else in the first language that it is given in. §5.1.4 */
export function nameIn(element: Element): string {
  const names = childrenNamed(element, tsl('Name'));
  const english = names.find((name) => name.getAttribute('xml:lang').toLowerCase() === 'en');
  const [chosen] = english ? [english] : names;
  if (!chosen) throw new ListRefusal('member', `${element.localName} without a name`);
  return textOf(chosen).replace(/\s+/g, ' ');
}

/** A moment in UTC. §5.1.4 @throws {ListRefusal} member */
export function readInstant(element: Element): EpochSeconds {
  const text = textOf(element);
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw new ListRefusal('member', `${element.localName} "${text.slice(0, 40)}"`);
  return Math.floor(milliseconds / 1000);
}
