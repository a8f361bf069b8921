import type { AuditLine, ChainedRecord, Checkpoint, SignedCheckpoint } from '../core/audit.ts';
import { canonicalJson } from './canonical-json.ts';

/** The audit is not what it was. The message says where, and what is wrong there. */
export class AuditBroken extends Error {
  override readonly name = 'AuditBroken';
}

/** A line of an exported audit as text. */
export function writeLine(line: AuditLine): string {
  return canonicalJson(line);
}

/**
 * Reads a line of an exported audit. It has to be in the one form that it was written in, so that no byte can differ unseen.
 * @param place how the message calls it.
 * @throws {AuditBroken}
 */
export function readLine(text: string, place: string): AuditLine {
  const value = parse(text, place);
  if (!isChained(value) && !isSigned(value)) throw new AuditBroken(`${place}: it is neither a record nor a checkpoint`);
  if (canonicalOf(value, place) !== text) throw new AuditBroken(`${place}: it is not in canonical form`);
  return value;
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AuditBroken(`${place}: it is no JSON`, { cause });
  }
}

function canonicalOf(value: unknown, place: string): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    throw new AuditBroken(`${place}: it is nested too deep`, { cause });
  }
}

type Shape = Readonly<Record<string, string>>;

const RECORD: Shape = {
  ...{ sequence: 'number', chain: 'number', number: 'number', at: 'number' },
  ...{ previous: 'string', hash: 'string', type: 'string', correlation_id: 'string', details: 'object' },
};
const SIGNED: Shape = { checkpoint: 'object', kid: 'string', signature: 'string' };
const CHECKPOINT: Shape = {
  ...{ number: 'number', at: 'number', sequence: 'number', whole: 'boolean', chains: 'object', previous: 'string' },
};

function isChained(value: unknown): value is ChainedRecord {
  return hasShape(value, RECORD);
}

/** Nothing stands beside what is signed but the signature and whose it is. */
function isSigned(value: unknown): value is SignedCheckpoint {
  return (
    hasShape(value, SIGNED) && Object.keys(value).length === 3 && isCheckpoint(value.checkpoint) && isCanonical(value.signature)
  );
}

function isCheckpoint(value: unknown): value is Checkpoint {
  return hasShape(value, CHECKPOINT) && Array.isArray(value.chains) && value.chains.every((head) => hasShape(head, HEAD));
}

const HEAD: Shape = { chain: 'number', number: 'number', hash: 'string' };

/** Of several texts that stand for the same bytes one is right. */
function isCanonical(base64url: unknown): boolean {
  return typeof base64url === 'string' && Buffer.from(base64url, 'base64url').toString('base64url') === base64url;
}

function hasShape(value: unknown, shape: Shape): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(shape).every(([name, type]) => {
    const member: unknown = (value as Record<string, unknown>)[name];
    return typeof member === type && member !== null && (type !== 'number' || Number.isSafeInteger(member));
  });
}
