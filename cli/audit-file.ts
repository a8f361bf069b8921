import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { AuditBroken, readLine } from '../server/audit/line.ts';
import { type AuditSummary, AuditVerifier } from '../server/audit/verify.ts';
import type { SignedCheckpoint } from '../server/core/audit.ts';
import { Failure } from './failure.ts';
import { readInput } from './input.ts';
import { isRecord, parseJson } from './json.ts';

/**
 * Verifies an exported audit, however long it is, in bounded memory.
 * @param file `-` is standard input.
 * @throws {AuditBroken} naming the place
 */
export async function verifyFile(file: string, keys: ReadonlyMap<string, KeyObject>): Promise<VerifiedAudit> {
  const input: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  const verifier = new AuditVerifier(keys);
  let number = 0;
  for await (const line of lines(input)) verifier.take(readLine(line, `line ${++number}`));
  const summary = verifier.end();
  return { summary, last: verifier.last as SignedCheckpoint };
}

/** What an export that holds has shown, and the checkpoint that it ends with. */
export type VerifiedAudit = { readonly summary: AuditSummary; readonly last: SignedCheckpoint };

/** Longest line there is: a checkpoint that names every chain, or a change with its states. */
const LONGEST = 64 * 1024 * 1024;

/** Ended by a line feed and nothing else: what other readers take for the end of a line is a byte like any other. */
async function* lines(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const end = chunk.lastIndexOf(0x0a);
    length += end < 0 ? chunk.length : end;
    if (length > LONGEST) throw new AuditBroken('a line without an end');
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    yield* decode(Buffer.concat([...rest, chunk.subarray(0, end)])).split('\n');
    rest = [chunk.subarray(end + 1)];
    length = chunk.length - end - 1;
  }
  if (length > 0) throw new AuditBroken('the last line does not end: the tail is missing');
}

/** Nothing is put in the place of what is no UTF-8: the same text would stand for several files. */
function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new AuditBroken('there are bytes that are no UTF-8', { cause });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
