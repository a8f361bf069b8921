import { type ConsentQuestion, type ConsentRight, type FoundConsent, isConsentParty } from './consent.ts';
import { Fault } from './fault.ts';
import {
  ISO6523_AUTHORITY,
  NORWAY,
  type OrganizationNumber,
  type Party,
  parseOrganizationNumber,
  party,
} from './organization.ts';
import { isObject, type JsonObject } from './strict-json.ts';
import type { FoundSystemUser, SystemUserQuestion } from './system-user.ts';

/** The types of authorization details that can be served, in the order of the metadata. RFC 9396 §2, contract §7 */
export const DETAILS_TYPES = ['urn:altinn:systemuser', 'urn:altinn:consent'] as const;
export type DetailsType = (typeof DETAILS_TYPES)[number];

/** What a grant asks for in its one object of authorization details. */
export type RequestedDetails =
  | ({ readonly type: 'urn:altinn:systemuser' } & Pick<SystemUserQuestion, 'customerOrgno' | 'externalRef'>)
  | ({ readonly type: 'urn:altinn:consent' } & Pick<ConsentQuestion, 'id' | 'from'>);

/** What a token says of them, spelled as on the wire. Contract §7.1, §7.2 */
export type GrantedDetails =
  | {
      readonly type: 'urn:altinn:systemuser';
      readonly systemuser_org: Party;
      readonly systemuser_id: readonly [string];
      readonly system_id: string;
    }
  | {
      readonly type: 'urn:altinn:consent';
      readonly id: string;
      readonly from: string;
      readonly to: Party;
      readonly consented: string;
      readonly validTo: string;
      readonly consentRights: readonly ConsentRight[];
    };

/** Longest external reference, in characters. `PV-SEC-076` */
export const EXTERNAL_REF_MAX_LENGTH = 255;

/** Every member that a type knows. */
const MEMBERS: Readonly<Record<DetailsType, readonly string[]>> = {
  'urn:altinn:systemuser': ['type', 'systemuser_org', 'externalRef'],
  'urn:altinn:consent': ['type', 'id', 'from'],
};

/**
 * Reads the authorization details of a grant: the types first, then the members, then their number and the values.
 * RFC 9396, contract §7.3, `PV-SEC-076`
 * @param served the types that are served here.
 * @throws {Fault} MP-301, MP-302, MP-303
 */
export function readDetails(objects: readonly JsonObject[], served: readonly DetailsType[]): RequestedDetails {
  const typed = objects.map((object) => ({ type: servedType(object, served), object }));
  for (const { type, object } of typed) assertOnlyMembers(object, MEMBERS[type]);
  const [only, ...more] = typed;
  if (!only || more.length > 0) throw wrongValue('exactly one object', `${objects.length}`);
  return only.type === 'urn:altinn:systemuser' ? readSystemUser(only.object) : readConsent(only.object);
}

function servedType({ type }: JsonObject, served: readonly DetailsType[]): DetailsType {
  const known = served.find((candidate) => candidate === type);
  if (known === undefined) throw new Fault('MP-301', { expected: served.join(' or ') || 'no authorization_details' });
  return known;
}

function assertOnlyMembers(object: JsonObject, known: readonly string[]): void {
  if (!Object.keys(object).every((member) => known.includes(member)))
    throw new Fault('MP-302', { expected: known.join(', '), got: 'another member' });
}

function readSystemUser({ systemuser_org: owner, externalRef }: JsonObject): RequestedDetails {
  if (!isObject(owner)) throw wrongValue('systemuser_org: an object with authority and ID');
  assertOnlyMembers(owner, ['authority', 'ID']);
  const customerOrgno = readParty(owner);
  if (externalRef === undefined) return { type: 'urn:altinn:systemuser', customerOrgno };
  if (typeof externalRef !== 'string' || externalRef.length < 1 || externalRef.length > EXTERNAL_REF_MAX_LENGTH)
    throw wrongValue(`externalRef: a string of 1 to ${EXTERNAL_REF_MAX_LENGTH} characters`);
  return { type: 'urn:altinn:systemuser', customerOrgno, externalRef };
}

const PARTY_ID = `systemuser_org.ID: ${NORWAY}: and nine digits, or another register's code and number; check digit valid`;

/** Exactly the form of a token's parties: the number with its register in front. `PV-SEC-021` */
function readParty({ authority, ID }: JsonObject): OrganizationNumber {
  if (authority !== ISO6523_AUTHORITY) throw wrongValue(`systemuser_org.authority: ${ISO6523_AUTHORITY}`);
  const number = typeof ID === 'string' ? parseOrganizationNumber(ID) : undefined;
  if (number === undefined || party(number).ID !== ID) throw wrongValue(PARTY_ID);
  return number;
}

function readConsent({ id, from }: JsonObject): RequestedDetails {
  if (!isUuid(id)) throw wrongValue('id: a UUID');
  if (typeof from !== 'string' || !isConsentParty(from)) throw wrongValue('from: the URN of a person or an organisation');
  return { type: 'urn:altinn:consent', id: id.toLowerCase(), from };
}

/** Whether the value is a UUID in its text form, in any case. RFC 9562 §4 */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** Says what is expected, and of what was sent no more than a count: it may be a person's number. `PV-SEC-104` */
function wrongValue(expected: string, got?: string): Fault {
  return new Fault('MP-303', { expected, detail: expected, ...(got !== undefined && { got }) });
}

/** What a token says of a system user; its external reference is not among it. Contract §7.1 */
export function systemUserDetails({ id, systemId }: FoundSystemUser, customer: OrganizationNumber): GrantedDetails {
  return { type: 'urn:altinn:systemuser', systemuser_org: party(customer), systemuser_id: [id], system_id: systemId };
}

/** What a token says of a consent. Contract §7.2 */
export function consentDetails({ id, from, toOrgno, consented, validTo, rights }: FoundConsent): GrantedDetails {
  return { type: 'urn:altinn:consent', id, from, to: party(toOrgno), consented, validTo, consentRights: rights };
}
