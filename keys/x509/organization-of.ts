import { isNorwegianNumber, type OrganizationNumber } from '../../server/core/organization.ts';
import { TAG } from './der.ts';
import { type Attribute, type Name, ORGANIZATION_IDENTIFIER, SERIAL_NUMBER } from './name.ts';
import { type NameSpaces, readIdentifier } from './name-spaces.ts';
import { Refusal } from './refusal.ts';

/** Where a profile has the organisation's number. */
export type Place = 'organizationIdentifier' | 'serialNumber' | 'either';

/** The name spaces that there are, and those that an anchor may assert organisations in. `PV-SEC-050` */
export type Assertable = { readonly spaces: NameSpaces; readonly prefixes: readonly string[] };

const NORWEGIAN = 'NTRNO';

/**
 * The organisation in a subject: an ETSI identifier in organizationIdentifier, or nine digits in serialNumber, which are Norwegian.
 * Both may be there and must then agree; a serialNumber of another form beside an organizationIdentifier is the holder's own affair.
 * Contract §8.3, `PV-SEC-049`, `PV-SEC-050`
 * @throws {Refusal} organization
 */
export function organizationOf(subject: Name, place: Place, assertable: Assertable): OrganizationNumber {
  const identified = fromIdentifier(only(subject, ORGANIZATION_IDENTIFIER), assertable);
  const numbered = fromSerialNumber(only(subject, SERIAL_NUMBER), assertable);
  const found = { organizationIdentifier: identified, serialNumber: numbered, either: identified ?? numbered }[place];
  if (found === undefined) throw new Refusal('organization', 'no organisation number');
  if ([identified, numbered].some((other) => other !== undefined && other !== found))
    throw new Refusal('organization', 'two organisation numbers');
  return found;
}

function fromIdentifier(text: string | undefined, { spaces, prefixes }: Assertable): OrganizationNumber | undefined {
  if (text === undefined) return undefined;
  const identifier = readIdentifier(text, spaces);
  if (!identifier) throw new Refusal('organization', 'an identifier of a form or name space that is not known');
  if (!prefixes.includes(identifier.prefix))
    throw new Refusal('organization', `an identifier in ${identifier.prefix}, which its issuer may not assert`);
  if (identifier.organization === undefined) throw new Refusal('organization', 'a number that cannot exist in its register');
  return identifier.organization;
}

function fromSerialNumber(text: string | undefined, { prefixes }: Assertable): OrganizationNumber | undefined {
  if (text === undefined || !/^[0-9]{9}$/.test(text) || !prefixes.includes(NORWEGIAN)) return undefined;
  if (!isNorwegianNumber(text)) throw new Refusal('organization', 'a number that cannot exist in its register');
  return text;
}

/** The one value of an attribute, in plain ASCII and alone in its relative name; undefined when it is not there. `PV-SEC-049` */
function only(subject: Name, oid: string): string | undefined {
  const [attribute, ...more] = subject.attributes.filter((candidate) => candidate.oid === oid);
  if (!attribute) return undefined;
  if (more.length > 0) throw new Refusal('organization', 'an attribute twice');
  if (!attribute.alone) throw new Refusal('organization', 'a relative name with several attributes');
  if (!isPlain(attribute)) throw new Refusal('organization', 'an attribute that is not plain ASCII text');
  return attribute.text;
}

function isPlain({ tag, text }: Attribute): boolean {
  return (tag === TAG.utf8String || tag === TAG.printableString) && text !== undefined && /^[\x20-\x7e]+$/.test(text);
}
