import type { FaultCode } from '../../core/catalogue.ts';
import type { KeptCheck, KeptExplanation } from '../../core/kept-explanation.ts';
import type { EpochSeconds } from '../../core/time.ts';

/** An explanation as its row has it; `proven` is as the store has truth. */
export type ExplanationRow<Truth> = {
  readonly id: string;
  readonly at: EpochSeconds;
  readonly code: string;
  readonly clientId: string;
  readonly proven: Truth;
  readonly content: string;
};

/** What is never looked for. Of a check that passed its name alone is kept, of one that was not reached its name behind a hyphen. */
type Content = Pick<KeptExplanation, 'consumer' | 'supplier' | 'owner' | 'scopes'> & {
  readonly checks: readonly (string | Omit<KeptCheck, 'result'>)[];
};

/** @param truth `isProven` as the store has it. */
export function toExplanationRow<Truth>(
  explanation: KeptExplanation,
  truth: (isProven: boolean) => Truth,
): ExplanationRow<Truth> {
  const { id, at, code, clientId = '', isProven, checks, ...parties } = explanation;
  const { consumer, supplier, owner, scopes } = parties;
  const content: Content = {
    ...(consumer !== undefined && { consumer }),
    ...(supplier !== undefined && { supplier }),
    ...(owner !== undefined && { owner }),
    ...{ scopes, checks: checks.map(shortened) },
  };
  return { id, at, code, clientId, proven: truth(isProven), content: JSON.stringify(content) };
}

/** Reads what {@link toExplanationRow} made. */
export function toExplanation({ id, at, code, clientId, proven, content }: ExplanationRow<unknown>): KeptExplanation {
  const { checks, ...rest } = JSON.parse(content) as Content;
  return {
    ...{ id, at, code: code as FaultCode, isProven: Boolean(proven) },
    ...(clientId !== '' && { clientId }),
    ...rest,
    checks: checks.map(lengthened),
  };
}

function shortened({ result, ...check }: KeptCheck): string | Omit<KeptCheck, 'result'> {
  if (result === 'fail') return check;
  return result === 'pass' ? check.id : `-${check.id}`;
}

function lengthened(check: string | Omit<KeptCheck, 'result'>): KeptCheck {
  if (typeof check !== 'string') return { ...check, result: 'fail' };
  return check.startsWith('-') ? { id: check.slice(1), result: 'not_reached' } : { id: check, result: 'pass' };
}
