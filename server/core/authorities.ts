import type { DetailsType } from './authorization-details.ts';
import type { ConsentQuestion, FoundConsent } from './consent.ts';
import type { DelegatedScope } from './delegation.ts';
import { Fault } from './fault.ts';
import type { FoundSystemUser, SystemUserQuestion } from './system-user.ts';
import type { EpochSeconds } from './time.ts';
import type { Trace } from './trace.ts';

/** Who is asked whether one may act for another: this server's own registers, and services elsewhere. */
export interface Authorities {
  /**
   * Who answers for the delegations of scopes that name this issuer as their source. undefined: nobody does, or whoever did is
   * switched off, and so nothing is delegated. Contract §1.5, notes
   */
  delegations(issuer: string): Promise<Authority | undefined>;
  /** The types of authorization details that are served here, as the metadata lists them. Contract §7 */
  readonly detailsTypes: readonly DetailsType[];
  /** Who answers for a type that is served. */
  details(type: DetailsType): Promise<Authority>;
}

/** When a question is asked, and what it is part of: undefined where nobody asked over the network. */
export type Asking = { readonly now: EpochSeconds; readonly trace?: Trace | undefined };

/**
 * One that answers. It never answers yes when it does not know: a question that cannot be answered rejects with
 * {@link SourceUnavailable}. `PV-SEC-072`
 */
export interface Authority {
  /** As the audit and the log know it. */
  readonly name: string;
  /** Whether a question goes over the network, and so waits until the assertion is spent. Style guide §3.3 */
  readonly remote: boolean;
  /** Whether the consumer has let the supplier use exactly this scope. Contract §6.3 */
  isDelegated(asked: DelegatedScope, asking: Asking): Promise<boolean>;
  /** The system user that answers, if there is one. Contract §7.1 */
  findSystemUser(asked: SystemUserQuestion, asking: Asking): Promise<FoundSystemUser | undefined>;
  /** The consent, if it may be used. Contract §7.2 */
  findConsent(asked: ConsentQuestion, asking: Asking): Promise<FoundConsent | undefined>;
}

/** One that had to be asked did not answer in time, or not as it should. Its message says what happened, and holds nothing secret. */
export class SourceUnavailable extends Error {
  override readonly name = 'SourceUnavailable';
  /** Seconds to wait before the next try. */
  readonly retryAfter: number;

  constructor(message: string, { retryAfter, cause }: { readonly retryAfter: number; readonly cause?: unknown }) {
    super(message, { cause });
    this.retryAfter = retryAfter;
  }
}

/** A question to an authority. @throws {Fault} PV-501 in place of {@link SourceUnavailable}: nothing is issued without an answer */
export async function asking<T>({ name }: Authority, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof SourceUnavailable)) throw cause;
    throw new Fault('PV-501', { retryAfter: cause.retryAfter, detail: `${name}: ${cause.message}`, cause });
  }
}
