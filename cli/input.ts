import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Failure } from './failure.ts';

/**
 * Reads a file, or standard input where the name is `-`.
 * @param most bytes that are read.
 * @throws {Failure} when that would wait for a person, and `invalid` when there is more
 */
export async function readInput(file: string, most = Number.POSITIVE_INFINITY): Promise<string> {
  if (file === '-' && process.stdin.isTTY)
    throw new Failure('usage', 'standard input is the terminal', { fix: 'name a file, or pipe it in' });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of open(file)) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > most) throw tooLong(file, most);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function open(file: string): Readable {
  return file === '-' ? process.stdin : createReadStream(file);
}

function tooLong(file: string, most: number): Failure {
  const source = file === '-' ? 'standard input' : file;
  return new Failure('invalid', `${source} holds more than ${most} bytes, and no JWT is as long as that`, {
    fix: 'give the JWT alone: three parts with dots between them',
  });
}

/** Longest input that a JWT is looked for in, in bytes: twice what the token endpoint takes. */
const LONGEST_JWS = 64 * 1024;

/**
 * A compact JWS named on the command line: the text itself, a file, or `-`. White space around it does not count, nor does a
 * leading `Bearer`; out of a token response the access token is taken.
 * @throws {Failure} when there is nothing like it
 */
export async function readJws(argument: string): Promise<string> {
  const text = (await isText(argument)) ? argument : await readInput(argument, LONGEST_JWS);
  const bare = text.trim().replace(/^Bearer\s+/i, '');
  if (bare === '')
    throw new Failure('invalid', 'there is no JWT in what was read', { fix: 'give it as text, or as a file that holds it' });
  return bare.startsWith('{') ? fromResponse(bare) : bare;
}

async function isText(argument: string): Promise<boolean> {
  if (!/^(Bearer\s+)?ey[^.]*\.[^.]*\.[^.]*$/i.test(argument)) return false;
  return stat(argument).then(
    () => false,
    () => true,
  );
}

function fromResponse(text: string): string {
  const found = /"(?:access_token|assertion)"\s*:\s*"([^"]+)"/.exec(text)?.[1];
  if (found === undefined) throw new Failure('invalid', 'it is JSON, and has neither access_token nor assertion');
  return found;
}
