import type { FaultCode } from './catalogue.ts';
import type { OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** What one check found, as it is kept: its title and the fix are the program's, whichever version reads it. */
export type KeptCheck = {
  readonly id: string;
  readonly result: 'pass' | 'fail' | 'not_reached';
  readonly code?: FaultCode;
  readonly expected?: string;
  readonly got?: string;
};

/**
 * Why a token was refused: every check as it stood at that moment. Never the assertion, its signature, a key or a person's number.
 * User experience §7, `PV-SEC-104`
 */
export type KeptExplanation = {
  /** The correlation id. A caller may have chosen it, so that several can have the same. */
  readonly id: string;
  readonly at: EpochSeconds;
  /** Whether its client was proven to have sent the request, for the first time. */
  readonly isProven: boolean;
  /** What the token endpoint refused with. */
  readonly code: FaultCode;
  /** The client that it names, where there is one. */
  readonly clientId?: string;
  readonly consumer?: OrganizationNumber;
  readonly supplier?: OrganizationNumber;
  /** Who owns all of the scopes that were asked for, if one organisation does. */
  readonly owner?: OrganizationNumber;
  /** Those that are registered: a stranger's words are not kept. */
  readonly scopes: readonly string[];
  readonly checks: readonly KeptCheck[];
};

/** How long explanations are kept, in seconds, and what time it is for whoever removes the others. */
export type ExplanationAge = { readonly now: EpochSeconds; readonly seconds: number };

/** Explanations of refusals, for a few days. What a crash takes of the last moments is lost: nothing is decided by them. */
export interface KeptExplanations {
  /** Keeps them in one commit. Of the same client's in the same second, with one id and code, one is kept. */
  add(explanations: readonly KeptExplanation[]): Promise<void>;
  /** Those with the id, at most 20: proven ones first, then the newest. */
  find(id: string): Promise<readonly KeptExplanation[]>;
  /**
   * Removes at most `limit`: those that are older than what is kept, also by the clock of a store that several nodes share, the oldest
   * first; or where there are none, the oldest that nobody has proven to have caused, as far as there are more than `strangers` of them.
   * @returns how many went
   */
  prune(kept: ExplanationAge, strangers: number, limit: number): Promise<number>;
}
