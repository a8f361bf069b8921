import { NORWAY, type OrganizationNumber, parseOrganizationNumber } from '../../server/core/organization.ts';

/**
 * Where the identifiers of a register stand: the type and country that ETSI EN 319 412-1 §5.1.4 writes before the hyphen, such as
 * `NTRNO`, and the ISO 6523 code of the register.
 */
export type NameSpace = {
  readonly prefix: string;
  readonly code: string;
  /** What stands behind the hyphen; its first group is the register's number. Absent: all of it is. */
  readonly form?: RegExp;
};

export type NameSpaces = ReadonlyMap<string, NameSpace>;

/** National trade registers whose numbers are known here. Contract §8.2, ETSI EN 319 412-1 §5.1.4 */
const KNOWN: readonly NameSpace[] = [
  { prefix: 'NTRNO', code: NORWAY },
  { prefix: 'NTRSE', code: '0007' },
  { prefix: 'NTRDK', code: '0184' },
  { prefix: 'NTRFI', code: '0212' },
];

/** The table of name spaces with what the operator adds; those that are known stay as they are. */
export function nameSpaces(added: readonly NameSpace[] = []): NameSpaces {
  return new Map([...added, ...KNOWN].map((space) => [space.prefix, space]));
}

/** A national trade register, a VAT number or a payment service provider's, and its country. ETSI EN 319 412-1 §5.1.4 */
const IDENTIFIER = /^((?:NTR|VAT|PSD)[A-Z]{2})-(.+)$/;

/**
 * The organisation that an organizationIdentifier names.
 * @returns its name space, and its number unless that cannot exist in the register; undefined for an identifier of another form, or
 * of a name space that is not in the table.
 */
export function readIdentifier(
  text: string,
  spaces: NameSpaces,
): { readonly prefix: string; readonly organization: OrganizationNumber | undefined } | undefined {
  const [, prefix = '', value = ''] = IDENTIFIER.exec(text) ?? [];
  const space = spaces.get(prefix);
  if (!space) return undefined;
  const number = space.form ? wholeMatch(space.form, value) : value;
  return { prefix, organization: number === undefined ? undefined : parseOrganizationNumber(`${space.code}:${number}`) };
}

function wholeMatch(form: RegExp, value: string): string | undefined {
  const [whole, number] = form.exec(value) ?? [];
  return whole === value ? number : undefined;
}
