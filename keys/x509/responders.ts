import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type EpochSeconds, HOUR } from '../../server/core/time.ts';
import { type Tracing, untraced } from '../../server/core/tracing.ts';
import type { Certificate } from './certificate.ts';
import { ask, type DownloadLimits, NotFetched } from './download.ts';
import { ANSWER_MAX_BYTES, type CertificateStatus, readStatus, statusRequest } from './ocsp.ts';
import { Refusal } from './refusal.ts';
import type { Revocable } from './revocation.ts';
import { isSameAuthority } from './revocation-lists.ts';

/** A CA whose certificates are asked about, and who answers. */
export type Responder = { readonly issuer: Certificate; readonly url: string };

/** How long an answer counts at most, in seconds, however long it says that it is good. Security reference §3 */
const KEPT_FOR = 12 * HOUR;
const ANSWERS_KEPT = 10_000;

/** A request for a token waits for the answer. */
const LIMITS: Pick<DownloadLimits, 'bytes' | 'time'> = { bytes: ANSWER_MAX_BYTES, time: 3_000 };

/** Where responders may be, whether whoever answers may hold an Ed25519 key, and who records that they are asked. */
type ResponderSettings = {
  readonly allowPrivate: boolean;
  readonly ed25519?: boolean;
  readonly tracing?: Pick<Tracing, 'outbound'> | undefined;
};

/** Asks responders about single certificates, and keeps what they say. `PV-SEC-055` */
export class Responders {
  readonly #settings: ResponderSettings;
  readonly #kept = new LRUCache<string, CertificateStatus>({ max: ANSWERS_KEPT });
  /** What is being asked: of many requests with one certificate the first asks for all. */
  readonly #asking = new Map<string, Promise<CertificateStatus>>();
  #responders: readonly Responder[] = [];

  constructor(settings: ResponderSettings) {
    this.#settings = settings;
  }

  /** Asks these from now on; what others said is forgotten. */
  follow(responders: readonly Responder[]): void {
    this.#responders = responders;
    this.#kept.clear();
  }

  /**
   * What the responder of its issuer says of a certificate.
   * @returns the last moment at which the answer is good; undefined when there is nobody to ask.
   * @throws {Refusal} revoked; revocation, without an answer that counts
   */
  async answer({ certificate, place, issuers }: Revocable, now: EpochSeconds): Promise<EpochSeconds | undefined> {
    const [issuer] = issuers;
    const responder = issuer && this.#responders.find((one) => isSameAuthority(one.issuer, issuer));
    if (!responder) return undefined;
    const { isRevoked, nextUpdate } = await this.#status(certificate, responder, { place, now });
    if (isRevoked) throw new Refusal('revoked', `certificate ${place + 1}`);
    return nextUpdate - 1;
  }

  async #status(
    certificate: Certificate,
    responder: Responder,
    { place, now }: { place: number; now: EpochSeconds },
  ): Promise<CertificateStatus> {
    const { url, issuer } = responder;
    const key = createHash('sha256').update(issuer.der).update(certificate.serialNumber).update(url).digest('base64');
    const kept = this.#kept.get(key);
    if (kept && now >= kept.thisUpdate && now < kept.nextUpdate) return kept;
    try {
      const asking = this.#asking.get(key) ?? this.#ask(certificate, responder, now);
      this.#asking.set(key, asking);
      const asked = await asking.finally(() => this.#asking.delete(key));
      const status = { ...asked, nextUpdate: Math.min(asked.nextUpdate, now + KEPT_FOR) };
      this.#kept.set(key, status);
      return status;
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof NotFetched)) throw error;
      throw new Refusal('revocation', `certificate ${place + 1}: ${error.message}`, { cause: error });
    }
  }

  async #ask(certificate: Certificate, { issuer, url }: Responder, now: EpochSeconds): Promise<CertificateStatus> {
    const question = { type: 'application/ocsp-request', body: statusRequest(certificate, issuer) };
    const { allowPrivate, ed25519 = false, tracing = untraced } = this.#settings;
    const { origin, pathname: path } = new URL(url);
    // It is somebody else's, and hears nothing of our traces.
    const answer = await tracing.outbound({ method: 'POST', origin, path }, () =>
      ask(url, question, { ...LIMITS, allowPrivate }),
    );
    return readStatus(answer, { certificate, issuer, ed25519 }, now);
  }
}
