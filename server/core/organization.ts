/**
 * An organisation's number as the rest of the system carries it: bare digits for Norway (ISO 6523 code 0192), and
 * `ICD:value` for every other register. Contract §0.4 and §8.1, `PV-SEC-021`.
 */
export type OrganizationNumber = string;

/** The ISO 6523 code of the Norwegian register of legal entities; the one register whose numbers are written bare. */
export const NORWAY = '0192';

/** The `authority` of every organisation named in a token. Contract §8.1 */
export const ISO6523_AUTHORITY = 'iso6523-actorid-upis';

/** A party of a token, as the claims `consumer` and `supplier` spell it. Contract §8.1 */
export type Party = { readonly authority: string; readonly ID: string };

const WEIGHTS = [3, 2, 7, 6, 5, 4, 3, 2] as const;

/** Whether the text is nine ASCII digits with a valid modulo-11 check digit. Contract §0.4 */
export function isNorwegianNumber(text: string): boolean {
  if (!/^[0-9]{9}$/.test(text)) return false;
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(text[place]), 0);
  const check = (11 - (sum % 11)) % 11;
  return check !== 10 && check === Number(text[8]);
}

/**
 * Reads an organisation number in either of its forms, `310555037` or `0192:310555037`.
 * @returns the canonical form, or undefined when it is not a number that can exist in a register we know.
 */
export function parseOrganizationNumber(text: string): OrganizationNumber | undefined {
  const bare = text.startsWith(`${NORWAY}:`) ? text.slice(NORWAY.length + 1) : text;
  return isNorwegianNumber(bare) ? bare : undefined;
}

/** The organisation as a party of a token: `{authority, ID}` with the register's code in front of the number. */
export function party(organization: OrganizationNumber): Party {
  const id = organization.includes(':') ? organization : `${NORWAY}:${organization}`;
  return { authority: ISO6523_AUTHORITY, ID: id };
}

const FIRST_CONTROL = [3, 7, 6, 1, 8, 9, 4, 5, 2] as const;
const SECOND_CONTROL = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2] as const;

/** Whether the text is a national identity number with valid control digits and a date part that can exist. Contract §0.4 */
export function isPersonNumber(text: string): boolean {
  if (!/^[0-9]{11}$/.test(text)) return false;
  const digits = [...text].map(Number);
  return (
    hasPlausibleDate(digits) && control(digits, FIRST_CONTROL) === digits[9] && control(digits, SECOND_CONTROL) === digits[10]
  );
}

function control(digits: readonly number[], weights: readonly number[]): number {
  return (11 - (weights.reduce((total, weight, place) => total + weight * (digits[place] ?? 0), 0) % 11)) % 11;
}

/** D-numbers add 40 to the day; synthetic persons add 40, 65 or 80 to the month. */
function hasPlausibleDate([d1 = 0, d2 = 0, m1 = 0, m2 = 0]: readonly number[]): boolean {
  const day = d1 * 10 + d2;
  const month = m1 * 10 + m2;
  const dayFits = (day >= 1 && day <= 31) || (day >= 41 && day <= 71);
  return dayFits && [0, 40, 65, 80].some((shift) => month - shift >= 1 && month - shift <= 12);
}
