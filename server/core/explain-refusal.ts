import { authentication } from './authenticate.ts';
import { authorization } from './authorize.ts';
import { type Check, type Finding, refusalOf, runToEnd } from './checks.ts';
import { consultation } from './consult.ts';
import { explainedParties, unused } from './explain.ts';
import type { Fault } from './fault.ts';
import type { Grant } from './grant.ts';
import type { KeptCheck, KeptExplanation } from './kept-explanation.ts';
import type { OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** A token request that has been refused. */
export type Refusal = {
  readonly correlationId: string;
  readonly at: EpochSeconds;
  readonly fault: Fault;
  /** Absent: it was refused before its body was there. */
  readonly grant?: Grant;
};

/** Every check that a token request can be refused by, those elsewhere last. */
export const ALL_CHECKS: readonly Check[] = [...authentication, unused, ...authorization, ...consultation];

/** Whether the client had signed it, and for the first time: what nobody has proven to have sent, anybody can send. */
export function isProven({ fault, grant }: Refusal): boolean {
  const check = grant && refusalOf(grant)?.check;
  return fault.code !== 'MP-012' && check !== undefined && !authentication.includes(check);
}

/**
 * Explains a refusal after it has been answered, by the grant that was refused: what was found then stands, and what had not been
 * looked at is looked at now, by the time that it was judged at. Nothing is spent, no source of rights is asked, and it counts against nobody.
 * @returns undefined for what says nothing of the request, such as that there are too many. User experience §7
 */
export async function explainRefusal(refusal: Refusal): Promise<KeptExplanation | undefined> {
  const { correlationId: id, at, fault, grant } = refusal;
  const findings = grant ? await findingsOf(grant, fault) : unread(fault);
  if (!findings) return undefined;
  return {
    ...{ id, at, isProven: isProven(refusal), code: fault.code },
    ...(grant ? await about(grant) : { scopes: [] }),
    checks: findings.map(kept),
  };
}

/** Before the body was there, its form is all that was judged. */
function unread(fault: Fault): readonly Finding[] {
  return ALL_CHECKS.map((check, place) => (place === 0 ? { check, result: 'fail', fault } : { check, result: 'not_reached' }));
}

/** In the order of the checks. Those before the one that refused have passed, whatever has changed since. */
async function findingsOf(grant: Grant, fault: Fault): Promise<readonly Finding[] | undefined> {
  const refused = refusalOf(grant);
  const replayed = fault.code === 'MP-012';
  if (!replayed && refused?.fault !== fault) return undefined;
  grant.answered();
  const place = refused ? ALL_CHECKS.indexOf(refused.check) : ALL_CHECKS.length;
  const passed = ALL_CHECKS.slice(0, place).map((check): Finding => ({ check, result: 'pass' }));
  const rest = refused ? await after(place, grant, refused) : [];
  const findings = refused ? [...passed, { ...refused, result: 'fail' } satisfies Finding, ...rest] : passed;
  return findings.map((finding): Finding => {
    if (replayed && finding.check === unused) return { check: unused, result: 'fail', fault };
    // A replay is found out before anybody else is asked.
    return !refused && consultation.includes(finding.check) ? { check: finding.check, result: 'not_reached' } : finding;
  });
}

async function after(place: number, grant: Grant, { fault }: { readonly fault: Fault }): Promise<readonly Finding[]> {
  const here = ALL_CHECKS.slice(place + 1).filter((check) => !consultation.includes(check));
  const elsewhere = ALL_CHECKS.slice(place + 1).filter((check) => consultation.includes(check));
  const found = await runToEnd(here, grant, [fault]);
  return [...found, ...elsewhere.map((check): Finding => ({ check, result: 'not_reached' }))];
}

/** Whom it concerns. Of scopes those alone that are registered: a stranger's words are not kept. */
async function about(grant: Grant): Promise<Pick<KeptExplanation, 'clientId' | 'consumer' | 'supplier' | 'owner' | 'scopes'>> {
  const registers = await grant.registers();
  const { scopes: names, ...parties } = await explainedParties(grant, registers);
  const scopes = await Promise.all(names.map((name) => registers.scopes.find(name)));
  const owners = new Set(scopes.map((scope) => scope?.ownerOrgno));
  const [owner] = owners;
  return { ...parties, ...soleOwner(owners, owner), scopes: names.filter((_, place) => scopes[place] !== undefined) };
}

function soleOwner(owners: ReadonlySet<unknown>, owner: OrganizationNumber | undefined): Pick<KeptExplanation, 'owner'> {
  return owners.size === 1 && owner !== undefined ? { owner } : {};
}

function kept(finding: Finding): KeptCheck {
  const { id } = finding.check;
  if (finding.result !== 'fail') return { id, result: finding.result };
  const { code, circumstances } = finding.fault;
  const { expected, got } = circumstances;
  return {
    ...{ id, result: 'fail', code },
    ...(expected !== undefined && { expected: storable(expected) }),
    ...(got !== undefined && { got: storable(got) }),
  };
}

/** Longest text that is kept of what a check asked for or met. */
const LONGEST = 500;

/**
 * What was met is a value of a strict grammar, and a scope or the name of a claim may still hold eleven digits: they go, whether they can
 * be a person's number or not. `PV-SEC-104`
 */
function storable(text: string): string {
  const masked = text.replaceAll(/(?<![0-9])[0-9]{11}(?![0-9])/g, '(eleven digits)');
  return masked.length > LONGEST ? `${masked.slice(0, LONGEST)}…` : masked;
}
