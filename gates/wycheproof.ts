import { existsSync, readFileSync } from 'node:fs';
import { readPublicJwk } from '../keys/public-jwk.ts';
import { createVerifier } from '../keys/verifier.ts';
import { readCompactJws, readHeader } from '../server/core/assertion.ts';
import type { RegistrableKey } from '../server/core/client.ts';
import { Fault } from '../server/core/fault.ts';
import {
  ASSERTION_LIMITS,
  decodeBase64url,
  isObject,
  type JsonObject,
  type JsonValue,
  parseStrictObject,
} from '../server/core/strict-json.ts';

/** Project Wycheproof's JOSE vectors. Their folder lies beside the project and is not part of it. */
const FOLDER = new URL('../../shared/data/', import.meta.url);
/** The files, each with its vectors that are valid and of an algorithm that is on. */
export const FILES = [
  ['wycheproof_json_web_crypto_test.json', ['jws_rsa acceptsValid']],
  ['wycheproof_json_web_key_test.json', ['rs256 acceptsValid']],
] as const;

type Vector = { readonly tcId: number; readonly comment: string; readonly jws?: JsonValue; readonly result: string };
type Group = {
  readonly comment: string;
  readonly public?: JsonValue;
  readonly private?: JsonValue;
  readonly tests: readonly Vector[];
};

const verifier = createVerifier();

/** The keys of a group as a client would register them: those that may not be registered are not there. */
function registered({ public: published, private: secret }: Group): readonly RegistrableKey[] {
  const given = published ?? secret ?? {};
  const set = isObject(given) && Array.isArray(given.keys) ? given.keys : [given];
  return set.filter(isObject).flatMap((jwk) => {
    const key = readPublicJwk(jwk);
    return 'flaw' in key ? [] : [key];
  });
}

/** Whether the signature is that of the key that the header names, the key's algorithm being its own. `PV-SEC-011` */
function verifies(header: JsonObject, input: string, signature: Uint8Array, keys: readonly RegistrableKey[]): boolean {
  const { alg, kid } = readHeader({ header });
  const key = keys.find((candidate) => candidate.kid === kid);
  return key !== undefined && (key.alg ?? alg) === alg && verifier.verify(alg, key, input, signature);
}

/** As an assertion: the whole of it read by the reader of assertions, whose payload is a JSON object. */
function asAssertion(jws: string, keys: readonly RegistrableKey[]): boolean {
  const { header, signingInput, signature } = readCompactJws(jws);
  return verifies(header, signingInput, signature, keys);
}

/** As a signature alone: the same reading of its parts, the payload being any octets, as most vectors have it. */
function asSignature(jws: string, keys: readonly RegistrableKey[]): boolean {
  const parts = jws.split('.');
  const [header, payload, signature] = parts.map(decodeBase64url);
  if (parts.length !== 3 || !header || !payload || !signature) return false;
  return verifies(parseStrictObject(header, ASSERTION_LIMITS), parts.slice(0, 2).join('.'), signature, keys);
}

function judge(read: () => boolean): boolean {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** Whether a file of the suite is at hand. */
export function isWycheproofAtHand(file: string): boolean {
  return existsSync(new URL(file, FOLDER));
}

/** What came of a file; vectors by number and comment. */
export type WycheproofOutcome = {
  readonly vectors: number;
  /** Those that are signatures; the others are encryptions, and were not judged. */
  readonly judged: number;
  readonly accepted: readonly { readonly title: string; readonly isValid: boolean }[];
};

/** Judges the signatures of one file. */
export function judgeWycheproof(file: string): WycheproofOutcome {
  const groups: readonly Group[] = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')).testGroups;
  const vectors = groups.flatMap((group) => group.tests.map((vector) => ({ group, vector })));
  const signatures = vectors.filter(({ vector }) => vector.jws !== undefined);
  const accepted = signatures.filter(({ group, vector: { jws } }) => {
    const keys = registered(group);
    return typeof jws === 'string' && (judge(() => asSignature(jws, keys)) || judge(() => asAssertion(jws, keys)));
  });
  return {
    vectors: vectors.length,
    judged: signatures.length,
    accepted: accepted.map(({ group, vector: { tcId, comment, result } }) => ({
      title: `${tcId} ${group.comment} ${comment}`,
      isValid: result === 'valid',
    })),
  };
}
