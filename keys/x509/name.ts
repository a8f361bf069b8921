import { type DerValue, items, Members, readOid, TAG } from './der.ts';
import { Refusal } from './refusal.ts';

/** A distinguished name. Names are compared by `der`, never by their text. RFC 5280 §4.1.2.4, `PV-SEC-047` */
export type Name = { readonly der: Buffer; readonly attributes: readonly Attribute[] };

/** One attribute of a name. */
export type Attribute = {
  readonly oid: string;
  /** The type its value is written in, as an identifier octet. */
  readonly tag: number;
  /** Its text; undefined for a value that is no string. */
  readonly text: string | undefined;
  /** Whether it stands alone in its relative name; a multi-valued one is read differently by different readers. */
  readonly alone: boolean;
};

/** Identifier octets from here on name no type of ASN.1's own. */
const CONTEXT_SPECIFIC = 0x80;

export const COMMON_NAME = '2.5.4.3';
export const SERIAL_NUMBER = '2.5.4.5';
export const COUNTRY = '2.5.4.6';
export const ORGANIZATION = '2.5.4.10';
/** ETSI EN 319 412-1 §5.1.4 */
export const ORGANIZATION_IDENTIFIER = '2.5.4.97';

/** How the attributes that names usually have are called. RFC 4514 §3, RFC 5280 appendix A */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [COMMON_NAME, 'CN'],
  [SERIAL_NUMBER, 'serialNumber'],
  [COUNTRY, 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  [ORGANIZATION, 'O'],
  ['2.5.4.11', 'OU'],
  [ORGANIZATION_IDENTIFIER, 'organizationIdentifier'],
]);

/** A name for people to read, in the order in which it is encoded. Names are never compared by it. */
export function nameText({ attributes }: Name): string {
  return attributes.map(({ oid, text }) => `${SHORT_NAMES.get(oid) ?? oid}=${text ?? '…'}`).join(', ');
}

/** Reads a Name. @throws {Refusal} structure; der for a set that is not in DER's order */
export function readName(value: DerValue): Name {
  if (value.tag !== TAG.sequence) throw new Refusal('structure', 'no name');
  return { der: value.der, attributes: value.children.flatMap(readRelativeName) };
}

function readRelativeName(value: DerValue): Attribute[] {
  const attributes = items(value, TAG.set);
  attributes.forEach((attribute, place) => {
    const before = attributes[place - 1];
    if (before && Buffer.compare(before.der, attribute.der) >= 0) throw new Refusal('der', 'a set out of order');
  });
  return attributes.map((attribute) => readAttribute(attribute, attributes.length === 1));
}

function readAttribute(attribute: DerValue, alone: boolean): Attribute {
  const members = new Members(attribute);
  const oid = readOid(members.take(TAG.oid));
  const value = members.takeAny();
  members.end();
  if (!value) throw new Refusal('structure', 'an attribute without a value');
  const text = readText(value);
  // X.520 knows other types for other attributes, but all of a DirectoryString's and no tag of a private context.
  if (text === undefined && value.tag >= CONTEXT_SPECIFIC) throw new Refusal('structure', 'an attribute value of no known type');
  return { oid, tag: value.tag, text, alone };
}

function readText({ tag, content }: DerValue): string | undefined {
  switch (tag) {
    case TAG.utf8String:
      return content.toString('utf8');
    case TAG.printableString:
    case TAG.numericString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.teletexString:
      return content.toString('latin1');
    case TAG.bmpString:
      return Buffer.from(content).swap16().toString('utf16le');
    default:
      return undefined;
  }
}
