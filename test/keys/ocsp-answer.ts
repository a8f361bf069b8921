import { type KeyObject, sign } from 'node:crypto';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { certificateId } from '../../keys/x509/ocsp.ts';
import { bitString, octetString, oid, sequence, tlv } from './encode.ts';
import { DAY, NOW } from './pki.ts';
import { issuing, valid } from './valid-chain.ts';

/** The certificate that is asked about, and its issuer, who answers. */
export const question = { certificate: readCertificate(valid), issuer: readCertificate(issuing.der) };
export const ID = certificateId(question.certificate, question.issuer);
export const GOOD = tlv(0x80);
export const REVOKED = tlv(0xa1, generalized(NOW - DAY));

export function generalized(at: number): Buffer {
  return tlv(0x18, Buffer.from(new Date(at * 1000).toISOString().replace(/[-:T]|\.000/g, '')));
}

/** What an answer is made of; everything has a default. */
export type AnswerOrder = {
  readonly responseStatus?: number;
  readonly type?: string;
  readonly version?: Buffer;
  readonly id?: Buffer;
  readonly status?: Buffer;
  readonly producedAt?: number;
  readonly thisUpdate?: number;
  /** An empty buffer leaves it out. */
  readonly nextUpdate?: Buffer;
  readonly signer?: KeyObject;
  readonly responder?: Buffer;
  readonly certificates?: readonly Buffer[];
  readonly singleExtensions?: readonly Buffer[];
  /** What is said of the same certificate once more. */
  readonly again?: Buffer;
  readonly extensions?: readonly Buffer[];
  readonly digest?: string;
  readonly algorithm?: Buffer;
};

export const none = Buffer.alloc(0);
export const explicit = (number: number, inner: Buffer): Buffer => tlv(0xa0 + number, inner);

/** Makes an answer exactly as ordered, however wrong, and signs it. */
export function answer(order: AnswerOrder = {}): Buffer {
  const { signer = issuing.key, singleExtensions = [], extensions = [], certificates = [] } = order;
  const single = (status: Buffer): Buffer =>
    sequence(
      order.id ?? ID,
      status,
      generalized(order.thisUpdate ?? NOW - 60),
      order.nextUpdate ?? explicit(0, generalized(NOW + 60)),
      singleExtensions.length === 0 ? none : explicit(1, sequence(...singleExtensions)),
    );
  const data = sequence(
    order.version ?? none,
    order.responder ?? explicit(1, issuing.name),
    generalized(order.producedAt ?? NOW - 60),
    sequence(single(order.status ?? GOOD), order.again ? single(order.again) : none),
    extensions.length === 0 ? none : explicit(1, sequence(...extensions)),
  );
  const basic = sequence(
    data,
    order.algorithm ?? sequence(oid('1.2.840.10045.4.3.2')),
    bitString(sign(order.digest ?? 'sha256', data, signer)),
    certificates.length === 0 ? none : explicit(0, sequence(...certificates)),
  );
  return sequence(
    tlv(0x0a, Buffer.from([order.responseStatus ?? 0])),
    explicit(0, sequence(oid(order.type ?? '1.3.6.1.5.5.7.48.1.1'), octetString(basic))),
  );
}
