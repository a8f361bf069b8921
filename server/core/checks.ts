import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';

/** One rule of contract §1.5. Its position in a list is its precedence. */
export type Check = {
  /** Stable name for explanations, such as `audience`. */
  readonly id: string;
  /** What holds when it passes, as a person reads it. */
  readonly title: string;
  /** Passes by returning. @throws {Fault} its refusal, or that of a fact it needs */
  readonly check: (grant: Grant) => void | Promise<void>;
};

/** Runs the checks up to the first refusal. @throws {Fault} of the first check that does not pass */
export async function stopAtFirst(checks: readonly Check[], grant: Grant): Promise<void> {
  for (const each of checks) {
    try {
      const pending = each.check(grant);
      if (pending) await pending;
    } catch (error) {
      if (error instanceof Fault) REFUSED.set(grant, { check: each, fault: error });
      throw error;
    }
  }
}

/** By what each grant was refused, for as long as the grant is remembered. */
const REFUSED = new WeakMap<Grant, Refused>();

type Refused = { readonly check: Check; readonly fault: Fault };

/** The check that {@link stopAtFirst} found not to pass, and what it said. */
export function refusalOf(grant: Grant): Refused | undefined {
  return REFUSED.get(grant);
}

/** What one check found. `not_reached`: what it judges is not there, because an earlier check refused it. */
export type Finding = { readonly check: Check } & (
  | { readonly result: 'pass' | 'not_reached' }
  | { readonly result: 'fail'; readonly fault: Fault }
);

/**
 * Runs every check to the end, for an explanation. A Fault that an earlier check has already reported is a fact that this check
 * lacks, so the check is not reached.
 * @param before Faults that checks before these have reported.
 */
export async function runToEnd(
  checks: readonly Check[],
  grant: Grant,
  before: readonly Fault[] = [],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const reported = new Set(before);
  for (const check of checks) {
    const fault = await refusal(check, grant);
    if (!fault) findings.push({ check, result: 'pass' });
    else if (reported.has(fault)) findings.push({ check, result: 'not_reached' });
    else findings.push({ check, result: 'fail', fault });
    if (fault) reported.add(fault);
  }
  return findings;
}

async function refusal({ check }: Check, grant: Grant): Promise<Fault | undefined> {
  try {
    await check(grant);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
