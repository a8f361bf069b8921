import { OPERATOR_SCOPE } from './admin-scopes.ts';
import type { AssertionClaims } from './assertion.ts';
import { authentication } from './authenticate.ts';
import { authorization } from './authorize.ts';
import type { FaultCode } from './catalogue.ts';
import { type Check, type Finding, runToEnd } from './checks.ts';
import { Fault } from './fault.ts';
import { Grant } from './grant.ts';
import { type OrganizationNumber, parseOrganizationNumber } from './organization.ts';
import type { Ports } from './ports.ts';
import { parseScopes } from './scope.ts';
import { spendKey } from './spend-key.ts';

/** What one check found, for the parties of a token request. */
export type ExplainedCheck = {
  readonly id: string;
  readonly title: string;
  readonly result: Finding['result'];
  readonly code?: FaultCode;
  readonly expected?: string;
  readonly got?: string;
  readonly fix?: string;
};

/** What would become of a token request: every check to its end, and what the token endpoint would say. User experience §7 */
export type Explanation = {
  readonly outcome: 'would_issue' | 'would_refuse';
  /** What the token endpoint answers with: the first that is refused. */
  readonly code?: FaultCode;
  readonly clientId?: string;
  readonly consumer?: OrganizationNumber;
  readonly supplier?: OrganizationNumber;
  readonly scopes: readonly string[];
  readonly checks: readonly ExplainedCheck[];
};

/** Who wants to know. */
export type Asker = { readonly orgno: OrganizationNumber; readonly scopes: readonly string[] };

/**
 * Explains an assertion without spending it.
 * @returns undefined when it is not the asker's business, as if there were no such client.
 */
export async function explainAssertion(assertion: string, asker: Asker, ports: Ports): Promise<Explanation | undefined> {
  return explain(Grant.fromAssertion(assertion, ports), asker, () => true);
}

/** Explains claims that nobody has signed: what only an assertion has is not reached. @returns as {@link explainAssertion} */
export async function explainClaims(claims: AssertionClaims, asker: Asker, ports: Ports): Promise<Explanation | undefined> {
  const judged = new Set(['client', ...authorization.map(({ id }) => id)]);
  return explain(Grant.simulated(claims, ports), asker, ({ id }) => judged.has(id));
}

/** The replay, looked at and not decided. Contract §1.5 no. 15 */
const unused: Check = {
  id: 'replay',
  title: 'the assertion has not been used',
  check: async (grant) => {
    if (await grant.ports.storage.assertions.isSpent(spendKey(grant)))
      throw new Fault('MP-012', { expected: 'an assertion that has not been used' });
  },
};

/** In the order in which the token endpoint refuses: a replay wins over what the client may have. */
const CHECKS: readonly Check[] = [...authentication, unused, ...authorization];

async function explain(grant: Grant, asker: Asker, isJudged: (check: Check) => boolean): Promise<Explanation | undefined> {
  const sight = await sightOf(grant, asker);
  if (sight === 'nothing') return undefined;
  const found = new Map((await runToEnd(CHECKS.filter(isJudged), grant)).map((finding) => [finding.check, finding]));
  const checks = CHECKS.map((check) => explained(found.get(check) ?? { check, result: 'not_reached' }, sight));
  const refusal = checks.find(({ result }) => result === 'fail');
  return {
    outcome: refusal ? 'would_refuse' : 'would_issue',
    ...(refusal?.code !== undefined && { code: refusal.code }),
    ...(await parties(grant)),
    checks,
  };
}

type Sight = 'all' | 'without_keys' | 'nothing';

/**
 * Everything for the operator and the organisation whose client it is; without its keys for the owner of all scopes that are asked
 * for. What names no client concerns nobody, and looks nothing up. A blocked client behaves as not existing. User experience §7
 */
async function sightOf(grant: Grant, { orgno, scopes }: Asker): Promise<Sight> {
  const claims = readable(grant.claims);
  if (!claims || scopes.includes(OPERATOR_SCOPE)) return 'all';
  const client = await grant.ports.storage.clients.find(claims.iss);
  if (client && client.blocked === undefined && [client.orgno, client.supplierOrgno].includes(orgno)) return 'all';
  const names = parseScopes(claims.scope) ?? [];
  const asked = await Promise.all(names.map((name) => grant.ports.storage.scopes.find(name)));
  return asked.length > 0 && asked.every((scope) => scope?.ownerOrgno === orgno) ? 'without_keys' : 'nothing';
}

const KEY_CHECKS: ReadonlySet<string> = new Set([
  ...['key_choice', 'key_algorithm', 'key_valid', 'x5c', 'certificate', 'certificate_organization', 'signature'],
]);

function explained(finding: Finding, sight: Sight): ExplainedCheck {
  const { id, title } = finding.check;
  if (finding.result !== 'fail') return { id, title, result: finding.result };
  const { code, circumstances, entry } = finding.fault;
  const { expected, got } = sight === 'without_keys' && KEY_CHECKS.has(id) ? {} : circumstances;
  return {
    ...{ id, title, result: 'fail', code },
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
    fix: entry.fix,
  };
}

/** Only what is registered, or has passed its grammar, is said again. `PV-SEC-066` */
async function parties(grant: Grant): Promise<Pick<Explanation, 'clientId' | 'consumer' | 'supplier' | 'scopes'>> {
  const claims = readable(grant.claims);
  const client = claims && (await grant.ports.storage.clients.find(claims.iss));
  const named = parseOrganizationNumber(claims?.consumerOrg ?? '');
  const consumer = claims?.consumerOrg === undefined ? client?.orgno : named;
  const supplier = claims?.consumerOrg === undefined ? client?.supplierOrgno : client?.orgno;
  return {
    ...(client && { clientId: client.clientId }),
    ...(consumer !== undefined && { consumer }),
    ...(supplier !== undefined && { supplier }),
    scopes: parseScopes(claims?.scope ?? '') ?? [],
  };
}

function readable<T>(fact: () => T): T | undefined {
  try {
    return fact();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
