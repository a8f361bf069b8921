import { createHash } from 'node:crypto';
import { nameText } from '../../keys/x509/name.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { ListRefusal } from './refusal.ts';
import type { ListedCertificate, Service } from './services.ts';

/** A CA for qualified certificates that a list names, and whether it may issue seals today. */
export type SealService = ListedCertificate & {
  /** SHA-256 of the certificate. */
  readonly id: string;
  readonly subject: string;
  readonly service: Service;
  /**
   * What the list says today. `granted`: it issues seals; `withdrawn`: it does not, or not any more; `unclear`: it says what is not
   * understood here, so that it must not be used.
   */
  readonly state: 'granted' | 'withdrawn' | 'unclear';
  /** Why, where it is not granted. */
  readonly reason?: string;
};

const CA_QC = 'http://uri.etsi.org/TrstSvc/Svctype/CA/QC';
const GRANTED = 'http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted';
const FOR_SEALS = 'http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/ForeSeals';
const NOT_QUALIFIED = 'http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/NotQualified';

/**
 * The CAs for qualified certificates in a list, each certificate once. One that stands in several services counts by those for seals,
 * where there are any. ETSI TS 119 612 §5.5
 * @throws {ListRefusal} contradiction, when services for seals say different things of one certificate
 */
export function sealServices(services: readonly Service[], now: EpochSeconds): readonly SealService[] {
  const all = services
    .filter(({ type }) => type === CA_QC)
    .flatMap((service) => service.certificates.map((listed) => toSealService(listed, service, now)));
  const byId = Map.groupBy(all, ({ id }) => id);
  return [...byId.values()].flatMap(oneOf);
}

function toSealService(listed: ListedCertificate, service: Service, now: EpochSeconds): SealService {
  return {
    ...listed,
    id: createHash('sha256').update(listed.der).digest('hex'),
    subject: listed.certificate ? nameText(listed.certificate.subject) : service.title,
    ...{ service, ...stateOf(service, now) },
  };
}

/** What is not granted outright is not granted. */
function stateOf(
  { status, purposes, since, unknown, qualifiers }: Service,
  now: EpochSeconds,
): Pick<SealService, 'state' | 'reason'> {
  if (status !== GRANTED) return { state: 'withdrawn', reason: `its status is ${lastPart(status)}` };
  if (!purposes.includes(FOR_SEALS)) return { state: 'withdrawn', reason: 'it is not for seals' };
  if (since > now) return { state: 'unclear', reason: 'it is granted from a later day on' };
  if (unknown.length > 0)
    return { state: 'unclear', reason: `it is bound to what is not understood here: ${unknown.join(', ')}` };
  if (qualifiers.includes(NOT_QUALIFIED))
    return { state: 'unclear', reason: 'some of its certificates are not qualified, which is not told apart here' };
  return { state: 'granted' };
}

function lastPart(identifier: string): string {
  return identifier.slice(identifier.lastIndexOf('/') + 1);
}

function oneOf(same: readonly SealService[]): readonly SealService[] {
  const forSeals = same.filter(({ service }) => service.purposes.includes(FOR_SEALS));
  const [first, ...more] = forSeals.length > 0 ? forSeals : same;
  if (!first) return [];
  const other = more.find(({ state, reason }) => state !== first.state || reason !== first.reason);
  if (other && forSeals.length > 0)
    throw new ListRefusal('contradiction', `${first.state} and ${other.state} for ${first.subject}`);
  return [first];
}
