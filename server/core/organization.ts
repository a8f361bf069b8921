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

/** Whether a text is a number that can exist in a register. */
type NumberCheck = (text: string) => boolean;

/**
 * The registers whose numbers are known here, by their ISO 6523 code: the Norwegian, Swedish, Danish and Finnish registers of legal
 * entities. Contract §8.2
 */
const CHECKS = new Map<string, NumberCheck>([
  [NORWAY, isNorwegianNumber],
  ['0007', isSwedishNumber],
  ['0184', isDanishNumber],
  ['0212', isFinnishNumber],
]);

/** An ISO 6523 code and what follows it. */
const WITH_CODE = /^([0-9]{4}):(.+)$/s;

/**
 * Makes another register known, or leaves one as it is that is known already: called once, at the start, with what the operator has
 * configured.
 * @param form what its numbers look like as a whole.
 */
export function addRegister(code: string, form: RegExp): void {
  const whole = new RegExp(`^(?:${form.source})$`);
  if (!CHECKS.has(code)) CHECKS.set(code, (text) => whole.test(text));
}

/** Whether numbers of the register can be read here. */
export function isKnownRegister(code: string): boolean {
  return CHECKS.has(code);
}

/** Whether the text is nine ASCII digits with a valid modulo-11 check digit. Contract §0.4 */
export function isNorwegianNumber(text: string): boolean {
  if (!/^[0-9]{9}$/.test(text)) return false;
  const check = (11 - (weightedSum(text, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check !== 10 && check === Number(text[8]);
}

/** Ten digits of which the last makes the Luhn sum divisible by ten. */
function isSwedishNumber(text: string): boolean {
  if (!/^[0-9]{10}$/.test(text)) return false;
  const digits = [...text].map((digit, place) => Number(digit) * (place % 2 === 0 ? 2 : 1));
  return digits.reduce((sum, digit) => sum + (digit > 9 ? digit - 9 : digit), 0) % 10 === 0;
}

/** Eight digits whose weighted sum is divisible by eleven. */
function isDanishNumber(text: string): boolean {
  return /^[0-9]{8}$/.test(text) && weightedSum(text, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
}

/** Seven digits, a hyphen and a check digit; a remainder of one has none. */
function isFinnishNumber(text: string): boolean {
  if (!/^[0-9]{7}-[0-9]$/.test(text)) return false;
  const check = (11 - (weightedSum(text, [7, 9, 10, 5, 8, 4, 2]) % 11)) % 11;
  return check !== 10 && check === Number(text[8]);
}

/** Of the digits that have a weight. */
function weightedSum(text: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, place) => sum + weight * Number(text[place]), 0);
}

/**
 * Reads an organisation number: nine digits for Norway, bare or as `0192:310555037`, and `ICD:value` for every other register.
 * @returns the canonical form, or undefined when it is not a number that can exist in a register we know.
 */
export function parseOrganizationNumber(text: string): OrganizationNumber | undefined {
  const [, code = NORWAY, number = text] = WITH_CODE.exec(text) ?? [];
  if (!CHECKS.get(code)?.(number)) return undefined;
  return code === NORWAY ? number : text;
}

/**
 * Whether the text is an organisation number as every field has it that asks for bare digits: Norwegian ones without their code,
 * all others with it. `PV-SEC-021`
 */
export function isCanonicalNumber(text: string): boolean {
  return parseOrganizationNumber(text) === text;
}

/** What {@link isCanonicalNumber} asks for, in the words of a refusal. */
export const CANONICAL_NUMBER =
  'nine digits of the Norwegian register, or the ISO 6523 code of another one before the number, as in 0007:5560000001; check digit valid';

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
