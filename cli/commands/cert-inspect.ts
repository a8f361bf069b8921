import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { type Certificate, readCertificate } from '../../keys/x509/certificate.ts';
import { nameText } from '../../keys/x509/name.ts';
import { readPublicKey } from '../../keys/x509/public-key.ts';
import { attempt, Refusal } from '../../keys/x509/refusal.ts';
import { readDerFiles, unreadable } from '../certificate-files.ts';
import { document } from '../help.ts';
import { relative, rfc3339 } from '../moment.ts';
import type { List, View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt cert inspect`: what certificates say. Offline; nothing is verified, and it says so. */
export function define(command: Command): void {
  command
    .description('Shows what the certificates of a file say, read as strictly as the server reads them. Verifies nothing.')
    .argument('<file>', 'certificates as PEM, or one as DER')
    .action(async (file: string) => inspect(file, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'a certificate with its chain', run: 'portvakt cert inspect seal-chain.pem' },
      { does: 'all of it, for a program', run: 'portvakt cert inspect seal-chain.pem -o json' },
    ],
    seeAlso: ['portvakt cert verify'],
  });
}

type Inspected = {
  readonly subject: string;
  readonly issuer: string;
  readonly serial_number: string;
  readonly not_before: string;
  readonly not_after: string;
  readonly sha256: string;
  readonly key: string;
  readonly is_ca: boolean;
  readonly path_length: number | null;
  readonly key_usage: readonly string[];
  readonly extended_key_usage: readonly string[];
  readonly policies: readonly string[];
  readonly subject_key_id: string | null;
  readonly authority_key_id: string | null;
};

async function inspect(file: string, terminal: Terminal): Promise<void> {
  const ders = await readDerFiles([file], 'CERTIFICATE');
  const items = ders.map((der) => toInspected(read(file, der)));
  const [only, ...more] = items;
  const answer: Inspected | List<Inspected> = only && more.length === 0 ? only : { items, next: null };
  await terminal.answer(answer, view(terminal.options.utc ?? false));
  terminal.tell('not verified: anybody could have written this');
  terminal.next(`portvakt cert verify --trust CA-FILE ${file}`);
}

function read(file: string, der: Buffer): Certificate {
  const certificate = attempt(() => readCertificate(der));
  if (certificate instanceof Refusal) throw unreadable(file, certificate);
  return certificate;
}

function toInspected(certificate: Certificate): Inspected {
  const { der, subject, issuer, serialNumber, notBefore, notAfter, extensions } = certificate;
  return {
    subject: nameText(subject),
    issuer: nameText(issuer),
    serial_number: serialNumber.toString('hex'),
    not_before: rfc3339(notBefore),
    not_after: rfc3339(notAfter),
    sha256: createHash('sha256').update(der).digest('hex'),
    key: keyText(certificate),
    is_ca: extensions.isCa,
    path_length: extensions.pathLength ?? null,
    key_usage: extensions.keyUsage ?? [],
    extended_key_usage: extensions.extendedKeyUsage ?? [],
    policies: extensions.policies ?? [],
    subject_key_id: extensions.subjectKeyId?.toString('hex') ?? null,
    authority_key_id: extensions.authorityKeyId?.keyId?.toString('hex') ?? null,
  };
}

/** Kind and size of the key, or what is wrong with it. */
function keyText({ publicKey, extensions }: Certificate): string {
  const jwk = attempt(() => readPublicKey(publicKey, extensions.isCa ? 'ca' : 'end_entity'));
  if (jwk instanceof Refusal) return jwk.message;
  const { kty, crv, n } = jwk;
  return typeof n === 'string' ? `${kty} ${Buffer.from(n, 'base64url').length * 8}` : `${kty} ${crv}`;
}

function view(utc: boolean): View<Inspected> {
  const moment = (text: string) => relative(Date.parse(text) / 1000, { now: Math.floor(Date.now() / 1000), utc });
  return {
    fields: [
      { name: 'subject' },
      { name: 'issuer' },
      { name: 'serial_number' },
      { name: 'not_before', text: ({ not_before }) => moment(not_before) },
      { name: 'not_after', text: ({ not_after }) => moment(not_after) },
      { name: 'key' },
      { name: 'is_ca', text: ({ is_ca }) => (is_ca ? 'yes' : 'no') },
      { name: 'key_usage' },
      { name: 'extended_key_usage', wide: true },
      { name: 'policies', wide: true },
      { name: 'path_length', wide: true },
      { name: 'sha256', wide: true },
      { name: 'subject_key_id', wide: true },
      { name: 'authority_key_id', wide: true },
    ],
    name: ({ sha256 }) => `certificate/${sha256}`,
  };
}
