import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { AuditBroken, readLine } from '../server/audit/line.ts';
import { type AuditSummary, AuditVerifier } from '../server/audit/verify.ts';
import type { AuditLine, SignedCheckpoint } from '../server/core/audit.ts';
import { Failure } from './failure.ts';
import { readInput } from './input.ts';
import { isRecord, parseJson } from './json.ts';
import { linesIn } from './line-feeds.ts';

/**
 * Verifies an exported audit, however long it is, in bounded memory.
 * @param file `-` is standard input.
 * @throws {AuditBroken} naming the place
 */
export async function verifyFile(file: string, keys: ReadonlyMap<string, KeyObject>): Promise<VerifiedAudit> {
  const input: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  const verifier = new AuditVerifier(keys);
  for await (const line of auditFileLines(input)) verifier.take(line);
  const summary = verifier.end();
  return { summary, last: verifier.last as SignedCheckpoint };
}

/** What an export that holds has shown, and the checkpoint that it ends with. */
export type VerifiedAudit = { readonly summary: AuditSummary; readonly last: SignedCheckpoint };

/** The lines of an audit that was exported. @throws {AuditBroken} */
export async function* auditFileLines(input: AsyncIterable<Buffer>): AsyncGenerator<AuditLine> {
  let number = 0;
  for await (const line of linesIn(input, (why, cause) => new AuditBroken(why, { cause })))
    yield readLine(line, `line ${++number}`);
}

/** The failure of a command that has found the audit bent. */
export function bent(error: AuditBroken): Failure {
  return new Failure('unhealthy', `the audit was tampered with: ${error.message}`, {
    fix: 'keep the file as it is, and look who could write to it and to the store',
    cause: error,
  });
}

/** Reads a JWK set of public Ed25519 keys, by their `kid`. @throws {Failure} `invalid` */
export async function readCheckpointKeys(file: string): Promise<ReadonlyMap<string, KeyObject>> {
  const set = parseJson(await readInput(file));
  const keys = isRecord(set) && Array.isArray(set.keys) ? set.keys : [];
  if (keys.length === 0) throw new Failure('invalid', `${file} is no JWK set`, { fix: 'portvakt audit keys prints one' });
  return new Map(keys.map((key) => readKey(key, file)));
}

function readKey(jwk: unknown, file: string): [string, KeyObject] {
  if (!isRecord(jwk) || typeof jwk.kid !== 'string' || jwk.crv !== 'Ed25519')
    throw new Failure('invalid', `${file} holds a key that is no Ed25519 key with a kid`);
  try {
    return [jwk.kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })];
  } catch (cause) {
    throw new Failure('invalid', `${file}: the key ${jwk.kid} cannot be read`, { cause });
  }
}
