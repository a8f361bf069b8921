import { Fault } from './fault.ts';
import type { KnownHeaders } from './ports.ts';
import {
  ASSERTION_LIMITS,
  decodeBase64url,
  isObject,
  type JsonObject,
  type JsonValue,
  parseStrictObject,
} from './strict-json.ts';
import type { EpochSeconds } from './time.ts';

/** Largest assertion, header and payload, in bytes. `PV-SEC-007` */
export const ASSERTION_MAX_BYTES = 32 * 1024;
const HEADER_MAX_BYTES = 24 * 1024;
const PAYLOAD_MAX_BYTES = 16 * 1024;

/** Longest `jti`, in characters. `PV-SEC-033` */
const JTI_MAX_LENGTH = 255;

/** Algorithms an assertion may be signed with; there is no table that holds another. `PV-SEC-010` */
export const ASSERTION_ALGORITHMS: readonly string[] = ['RS256', 'RS384', 'RS512'];

/** A compact JWS taken apart; nothing in it is believed yet. RFC 7515 §7.1 */
export type CompactJws = {
  readonly header: JsonObject;
  /** The header as sent. */
  readonly headerText: string;
  readonly payload: JsonObject;
  /** `header.payload` as sent: what the signature covers. */
  readonly signingInput: string;
  readonly signature: Uint8Array;
};

/** The members of the header that are ever used. Contract §1.3 */
export type AssertionHeader = {
  readonly alg: string;
  readonly kid?: string;
  /** As sent: its syntax is a check of its own, for a code of its own (MP-123). */
  readonly x5c?: JsonValue;
};

/** The claims of a grant, each of its type; times whole seconds. Contract §1.4 */
export type AssertionClaims = {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly scope: string;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
  readonly nbf?: EpochSeconds;
  readonly jti?: string;
  readonly resource?: readonly string[];
  readonly pid?: string;
  readonly consumerOrg?: string;
  readonly onBehalfOf?: string;
  readonly authorizationDetails?: readonly JsonObject[];
};

/**
 * Takes a compact JWS apart: exactly three canonical base64url parts, header and payload one JSON object each.
 * RFC 7515 §7.1, `PV-SEC-001` to `PV-SEC-007`
 * @param known headers that need not be read again.
 * @throws {Fault} MP-011
 */
export function readCompactJws(text: string, known?: Pick<KnownHeaders, 'find'>): CompactJws {
  if (text.length > ASSERTION_MAX_BYTES) throw invalid(`longer than ${ASSERTION_MAX_BYTES} characters`);
  const [headerText = '', payloadText = '', signatureText = '', ...more] = text.split('.', 4);
  const kept = known?.find(headerText);
  const header = kept ?? decodeBase64url(headerText);
  const payload = decodeBase64url(payloadText);
  const signature = decodeBase64url(signatureText);
  if (more.length > 0 || !header || !payload || !signature) throw invalid('not three parts of canonical base64url');
  return {
    header: header instanceof Uint8Array ? readObject(header, HEADER_MAX_BYTES) : header,
    headerText,
    payload: readObject(payload, PAYLOAD_MAX_BYTES),
    signingInput: text.slice(0, headerText.length + 1 + payloadText.length),
    signature,
  };
}

function readObject(bytes: Uint8Array, limit: number): JsonObject {
  if (bytes.length > limit) throw invalid('header or payload too large');
  return parseStrictObject(bytes, ASSERTION_LIMITS);
}

/** Header members that change what a JWS means, and that nothing here implements. `PV-SEC-008` */
const REFUSED_HEADER_MEMBERS = ['crit', 'b64', 'zip', 'enc'];

/**
 * Reads the header: `alg` of the list, `typ` JWT if any, `kid` a string if any. Other members are ignored, whatever they hold.
 * Contract §1.3, `PV-SEC-008`, `PV-SEC-010`, `PV-SEC-015`
 * @throws {Fault} MP-011
 */
export function readHeader({ header }: Pick<CompactJws, 'header'>): AssertionHeader {
  const refused = REFUSED_HEADER_MEMBERS.find((member) => member in header);
  if (refused !== undefined) throw invalid(`header member ${refused}`);
  const { alg, typ, kid, x5c } = header;
  if (typeof alg !== 'string' || !ASSERTION_ALGORITHMS.includes(alg)) {
    throw new Fault('MP-011', { detail: 'alg', expected: `alg ${ASSERTION_ALGORITHMS.join(', ')}`, got: shape(alg) });
  }
  if (typ !== undefined && (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT')) throw invalid('typ is not JWT');
  if (kid !== undefined && typeof kid !== 'string') throw invalid('kid is not a string');
  return { alg, ...(kid !== undefined && { kid }), ...(x5c !== undefined && { x5c }) };
}

/** Every claim that a grant may hold. `sub` is tolerated and never read. Contract §1.4, `PV-SEC-016` */
const KNOWN_CLAIMS: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'scope',
  'iat',
  'exp',
  'nbf',
  'jti',
  'sub',
  'resource',
  'pid',
  'consumer_org',
  'iss_onbehalfof',
  'authorization_details',
]);

/**
 * Reads the claims: the required ones there, each of its type.
 * @throws {Fault} MP-011 for a type or a missing claim, contract §1.4
 */
export function readClaims({ payload }: CompactJws): AssertionClaims {
  const { iss, aud, scope, iat, exp } = payload;
  if (typeof iss !== 'string') throw wrong('iss', 'a string', iss);
  if (typeof aud !== 'string' && !isStrings(aud)) throw wrong('aud', 'a string', aud);
  if (typeof scope !== 'string' || scope.trim() === '') throw wrong('scope', 'a string that names a scope', scope);
  return { iss, aud, scope, iat: seconds('iat', iat), exp: seconds('exp', exp), ...optionalClaims(payload) };
}

/** @throws {Fault} PV-014 for the first claim that is not documented. */
export function assertClaimsAreKnown({ payload }: CompactJws): void {
  const unknown = Object.keys(payload).find((claim) => !KNOWN_CLAIMS.has(claim));
  if (unknown === undefined) return;
  const echoed = /^[A-Za-z0-9_.:#-]{1,64}$/.test(unknown) ? ` ${unknown}` : '';
  throw new Fault('PV-014', { say: { claim: echoed }, got: echoed.trim() });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function optionalClaims(payload: JsonObject): Partial<AssertionClaims> {
  const claims: Mutable<Partial<AssertionClaims>> = {};
  const text = (claim: string): string => {
    const value = payload[claim];
    if (typeof value !== 'string') throw wrong(claim, 'a string', value);
    return value;
  };
  if ('sub' in payload) text('sub');
  if ('nbf' in payload) claims.nbf = seconds('nbf', payload.nbf);
  if ('jti' in payload) claims.jti = identifier(text('jti'));
  if ('pid' in payload) claims.pid = text('pid');
  if ('consumer_org' in payload) claims.consumerOrg = text('consumer_org');
  if ('iss_onbehalfof' in payload) claims.onBehalfOf = text('iss_onbehalfof');
  if ('resource' in payload) claims.resource = resources(payload.resource);
  if ('authorization_details' in payload) claims.authorizationDetails = details(payload.authorization_details);
  return claims;
}

/** A NumericDate in 0..2^53−1, its fraction cut off. `PV-SEC-023` */
function seconds(claim: string, value: JsonValue | undefined): EpochSeconds {
  const whole = typeof value === 'number' ? Math.trunc(value) : -1;
  if (whole < 0 || Object.is(whole, -0) || !Number.isSafeInteger(whole))
    throw wrong(claim, 'a number of seconds since 1970', value);
  return whole;
}

function identifier(jti: string): string {
  const length = [...jti].length;
  if (length < 1 || length > JTI_MAX_LENGTH) throw invalid(`jti has ${length} characters`);
  return jti;
}

function resources(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (!isStrings(value) || value.length === 0) throw wrong('resource', 'a string or an array of strings', value);
  return value;
}

function details(value: JsonValue | undefined): readonly JsonObject[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) {
    throw wrong('authorization_details', 'an array of objects', value);
  }
  return value;
}

function isStrings(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function invalid(detail: string): Fault {
  return new Fault('MP-011', { detail });
}

function wrong(claim: string, expected: string, value: JsonValue | undefined): Fault {
  return new Fault('MP-011', { detail: `claim ${claim}`, expected: `${claim}: ${expected}`, got: shape(value) });
}

/** What kind of value stood there, never the value itself: it may be a person's number. */
function shape(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}
