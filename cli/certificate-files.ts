import { readFile } from 'node:fs/promises';
import { type PemLabel, readBlocks } from '../keys/x509/pem.ts';
import { Refusal, RULES } from '../keys/x509/refusal.ts';
import { Failure } from './failure.ts';

const SEQUENCE = 0x30;

/**
 * Reads files of certificates or of revocation lists, each as PEM, of one or several, or as DER. Whether they are what they seem is
 * not looked at.
 * @returns the DER of each, in order.
 * @throws {Failure} invalid, naming the file that is neither
 */
export async function readDerFiles(files: readonly string[], label: PemLabel): Promise<readonly Buffer[]> {
  const contents = await Promise.all(files.map(async (file) => readDerFile(file, label)));
  return contents.flat();
}

async function readDerFile(file: string, label: PemLabel): Promise<readonly Buffer[]> {
  const bytes = await readFile(file);
  try {
    const blocks = readBlocks(bytes, label);
    if (blocks.some((der) => der[0] !== SEQUENCE)) throw new Refusal('file', 'neither PEM nor DER');
    return blocks;
  } catch (error) {
    if (error instanceof Refusal) throw unreadable(file, error);
    throw error;
  }
}

/** A file whose content cannot be used, by the rule that it breaks. */
export function unreadable(file: string, refusal: Refusal): Failure {
  return new Failure('invalid', `${file} cannot be read: ${refusal.message}`, {
    details: [{ path: file, expected: RULES[refusal.rule], got: refusal.met }],
    cause: refusal,
  });
}
