import { open } from 'node:fs/promises';
import { type Certificate, readCertificate } from '../keys/x509/certificate.ts';
import { issuerKey } from '../keys/x509/public-key.ts';
import { Refusal } from '../keys/x509/refusal.ts';
import type { EpochSeconds } from '../server/core/time.ts';
import { readDerFiles, unreadable } from './certificate-files.ts';
import { Failure } from './failure.ts';
import { decodeXml, LIST_MAX_BYTES } from './trusted-list/parse.ts';
import { LIST_RULES, ListRefusal, type ListRule } from './trusted-list/refusal.ts';
import { assertInForce, readScheme, type Scheme } from './trusted-list/scheme.ts';
import { readServices, type Service } from './trusted-list/services.ts';
import { verifyList } from './trusted-list/signature.ts';

/** A trusted list whose signature has been verified. */
export type TrustedList = { readonly scheme: Scheme; readonly services: readonly Service[]; readonly signer: Certificate };

/**
 * Reads a trusted list from a file, as one of the signers has signed it.
 * @throws {Failure} `invalid` for what cannot be read, `refused` for a signature that does not hold
 */
export async function readTrustedList(file: string, signers: readonly Certificate[]): Promise<TrustedList> {
  const bytes = await readBounded(file);
  return held(file, () => {
    const { root, signer } = verifyList(decodeXml(bytes), signers);
    return { scheme: readScheme(root), services: readServices(root), signer };
  });
}

/** Holds a list to what it must be at a moment. */
export type Demands = {
  readonly now: EpochSeconds;
  /** Countries as lists write them; empty for any. */
  readonly countries: readonly string[];
  /** Whether the list may be past its end. */
  readonly expired: boolean;
};

/** @throws {Failure} `refused` for a list that is not in force, one of another country, or a signer whose certificate is not valid now */
export function assertUsable(file: string, { scheme, signer }: TrustedList, { now, countries, expired }: Demands): void {
  held(file, () => {
    if (now < signer.notBefore || signer.notAfter < now) throw new ListRefusal('signer', 'a certificate that is not valid now');
    if (!expired) assertInForce(scheme, now);
    if (countries.length > 0 && !countries.includes(scheme.territory)) throw new ListRefusal('territory', scheme.territory);
  });
}

/** The certificates of signers, with keys that signatures can be verified by. @throws {Failure} `invalid` */
export async function readSigners(files: readonly string[]): Promise<readonly Certificate[]> {
  const all = await Promise.all(files.map(async (file) => ({ file, ders: await readDerFiles([file], 'CERTIFICATE') })));
  return all.flatMap(({ file, ders }) => ders.map((der) => readSigner(file, der)));
}

function readSigner(file: string, der: Buffer): Certificate {
  try {
    const certificate = readCertificate(der);
    issuerKey(certificate);
    return certificate;
  } catch (error) {
    if (error instanceof Refusal) throw unreadable(file, error);
    throw error;
  }
}

/** No more of the file than a list may have, and a byte that shows that there is more. */
async function readBounded(file: string): Promise<Buffer> {
  await using handle = await open(file);
  const chunks: Buffer[] = [];
  for await (const chunk of handle.createReadStream({ end: LIST_MAX_BYTES, autoClose: false })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What a list can be read by; the other rules say whether it may be believed. */
const OF_FORM: readonly ListRule[] = ['size', 'xml', 'root', 'list_type', 'member', 'certificate'];

/** Tells of a refusal with the file's name. */
export function held<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ListRefusal)) throw error;
    const { rule, met } = error;
    throw new Failure(OF_FORM.includes(rule) ? 'invalid' : 'refused', `${file} is not taken: ${error.message}`, {
      details: [{ path: file, expected: LIST_RULES[rule], got: met }],
      ...FIXES[rule],
      cause: error,
    });
  }
}

const FIXES: Partial<Record<ListRule, { readonly fix: string }>> = {
  signature: { fix: 'fetch the list anew, and its signers from the list of lists of the EU: nothing was sent' },
  expired: { fix: 'fetch the list anew; --allow-expired takes it all the same' },
  list_type: { fix: 'take the list of a country: the list of lists only says where those are' },
};
