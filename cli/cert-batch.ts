import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type ChainCase, createChainJudge } from '../keys/x509/offline.ts';
import { attempt, Refusal } from '../keys/x509/refusal.ts';
import { parseInstant } from './instant.ts';
import { isRecord, parseJson } from './json.ts';

/** What is said of a line; `id` is the line's own, null where it has none that can be told. */
export type BatchAnswer = {
  readonly id: string | number | null;
  readonly accepted: boolean;
  readonly rule: string | null;
  readonly detail: string | null;
};

/** Answers are written in pieces of about this many characters. */
const PIECE = 64 * 1024;

/** Judges a file of cases, one a line as JSON, and writes an answer a line. @param file `-` for standard input */
export async function judgeBatch(file: string, output: NodeJS.WritableStream): Promise<void> {
  const judgeLine = createLineJudge();
  const input = file === '-' ? process.stdin : (await open(file)).createReadStream();
  let piece = '';
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    piece += `${JSON.stringify(judgeLine(line))}\n`;
    if (piece.length < PIECE) continue;
    if (!output.write(piece)) await once(output, 'drain');
    piece = '';
  }
  output.write(piece);
}

/** A judge of single lines. One that cannot be read is not accepted, by the rule `line`. */
export function createLineJudge(): (line: string) => BatchAnswer {
  const judge = createChainJudge();
  return (line) => {
    const members = parseJson(line);
    const id = isRecord(members) && (typeof members.id === 'string' || typeof members.id === 'number') ? members.id : null;
    const outcome = attempt(() => judge(readCase(members)));
    if (!(outcome instanceof Refusal)) return { id, accepted: true, rule: null, detail: null };
    return { id, accepted: false, rule: outcome.rule, detail: outcome.met };
  };
}

function readCase(members: unknown): ChainCase {
  if (!isRecord(members)) throw new Refusal('line', 'no JSON object');
  const { chain, trust, untrusted, crls, at, profile } = members;
  if (chain === undefined || trust === undefined) throw new Refusal('line', `no ${chain === undefined ? 'chain' : 'trust'}`);
  return {
    chain: readAll('chain', chain),
    trust: readAll('trust', trust),
    untrusted: readAll('untrusted', untrusted ?? []),
    crls: readAll('crls', crls ?? []),
    at: readMoment(at ?? undefined),
    ...(profile !== undefined && profile !== null && { profile: readText('profile', profile) }),
  };
}

function readAll(member: string, value: unknown): readonly Buffer[] {
  if (!Array.isArray(value)) throw new Refusal('line', `${member} is no array`);
  return value.map((item) => readDer(member, readText(member, item)));
}

/** Base64 as RFC 4648 §4 has it, the padding included. */
function readDer(member: string, text: string): Buffer {
  const der = Buffer.from(text, 'base64');
  if (der.toString('base64') !== text) throw new Refusal('line', `${member} holds what is not base64`);
  return der;
}

function readText(member: string, value: unknown): string {
  if (typeof value !== 'string') throw new Refusal('line', `${member} holds what is no string`);
  return value;
}

function readMoment(value: unknown): number {
  if (value === undefined) return Math.floor(Date.now() / 1000);
  const at = typeof value === 'string' ? parseInstant(value) : undefined;
  if (at === undefined) throw new Refusal('line', 'at is no moment in RFC 3339');
  return at;
}
