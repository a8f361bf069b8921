import { readFile, stat } from 'node:fs/promises';
import { Failure } from './failure.ts';

/** Reads a file, or standard input where the name is `-`. @throws {Failure} when that would wait for a person */
export async function readInput(file: string): Promise<string> {
  if (file !== '-') return readFile(file, 'utf8');
  if (process.stdin.isTTY) throw new Failure('usage', 'standard input is the terminal', { fix: 'name a file, or pipe it in' });
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * A compact JWS named on the command line: the text itself, a file, or `-`. White space around it does not count, nor does a
 * leading `Bearer`; out of a token response the access token is taken.
 * @throws {Failure} when there is nothing like it
 */
export async function readJws(argument: string): Promise<string> {
  const text = (await isText(argument)) ? argument : await readInput(argument);
  const bare = text.trim().replace(/^Bearer\s+/i, '');
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
