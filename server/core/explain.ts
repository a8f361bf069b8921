import { OPERATOR_SCOPE } from './admin-scopes.ts';
import type { AssertionClaims } from './assertion.ts';
import { authentication } from './authenticate.ts';
import { authorization } from './authorize.ts';
import { catalogue, type FaultCode, isFaultCode } from './catalogue.ts';
import { type Check, type Finding, runToEnd } from './checks.ts';
import { consultation } from './consult.ts';
import { Fault } from './fault.ts';
import { Grant } from './grant.ts';
import type { KeptCheck, KeptExplanation } from './kept-explanation.ts';
import { type OrganizationNumber, parseOrganizationNumber } from './organization.ts';
import type { Ports, TokenRegisters } from './ports.ts';
import { parseScopes } from './scope.ts';
import { spendKey } from './spend-key.ts';
import type { EpochSeconds } from './time.ts';

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

/** What became of a token request, or would: every check to its end, and what the token endpoint says. User experience §7 */
export type Explanation = {
  readonly outcome: 'refused' | 'would_issue' | 'would_refuse';
  /** What the token endpoint refuses with: that of the first check that fails. */
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

/** The replay, looked at and not decided. It comes between who the client is and what it may have. Contract §1.5 no. 15 */
export const unused: Check = {
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
    ...(await explainedParties(grant, grant.ports.storage)),
    checks,
  };
}

type Sight = 'all' | 'without_keys' | 'nothing';

/**
 * Everything for the operator and the organisation whose client it is; without its keys for the owner of all scopes that are asked
 * for. What names no client concerns nobody, and looks nothing up. A blocked client behaves as not existing. User experience §7
 */
async function sightOf(grant: Grant, asker: Asker): Promise<Sight> {
  const claims = readable(grant.claims);
  if (!claims || seesAll(asker, grant.ports)) return 'all';
  if (await ownsClient(asker, claims.iss, grant.ports)) return 'all';
  const names = parseScopes(claims.scope) ?? [];
  const asked = await Promise.all(names.map((name) => grant.ports.storage.scopes.find(name)));
  return asked.length > 0 && asked.every((scope) => scope?.ownerOrgno === asker.orgno) ? 'without_keys' : 'nothing';
}

/**
 * What was kept of a refusal, as the asker may see it; as with an assertion in hand, what names no client concerns nobody.
 * @returns undefined when none of those with the id is the asker's business, and when there is none.
 */
export async function explainKept(id: string, asker: Asker, ports: Ports): Promise<KeptSight | undefined> {
  const found = await ports.storage.explanations.find(id);
  const seen = await Promise.all(found.map(async (kept) => ({ kept, sight: await sightOfKept(kept, asker, ports) })));
  const shown = seen.find(({ sight }) => sight !== 'nothing');
  if (!shown) return undefined;
  const { kept, sight } = shown;
  const { isProven: _, owner: __, id: ___, at, checks, ...parties } = kept;
  return { outcome: 'refused', at, ...parties, checks: checks.map((check) => shownCheck(check, sight)) };
}

/** An explanation and the moment that it is of. */
export type KeptSight = Explanation & { readonly at: EpochSeconds };

async function sightOfKept({ clientId, owner, checks }: KeptExplanation, asker: Asker, ports: Ports): Promise<Sight> {
  const namesNobody = checks.find(({ id }) => id === 'claims')?.result !== 'pass';
  if (namesNobody || seesAll(asker, ports)) return 'all';
  if (clientId !== undefined && (await ownsClient(asker, clientId, ports))) return 'all';
  return owner === asker.orgno ? 'without_keys' : 'nothing';
}

function seesAll({ scopes }: Asker, { settings }: Ports): boolean {
  return scopes.includes(OPERATOR_SCOPE) || settings.explainsToAll;
}

async function ownsClient({ orgno }: Asker, clientId: string, { storage }: Ports): Promise<boolean> {
  const client = await storage.clients.find(clientId);
  return client !== undefined && client.blocked === undefined && [client.orgno, client.supplierOrgno].includes(orgno);
}

const KEY_CHECKS: ReadonlySet<string> = new Set([
  ...['key_choice', 'key_algorithm', 'key_valid', 'x5c', 'certificate', 'certificate_organization', 'signature'],
]);

function explained(finding: Finding, sight: Sight): ExplainedCheck {
  const { id } = finding.check;
  if (finding.result !== 'fail') return shownCheck({ id, result: finding.result }, sight);
  const { code, circumstances } = finding.fault;
  const { expected, got } = circumstances;
  return shownCheck(
    { id, result: 'fail', code, ...(expected !== undefined && { expected }), ...(got !== undefined && { got }) },
    sight,
  );
}

const TITLES: ReadonlyMap<string, string> = new Map([...CHECKS, ...consultation].map(({ id, title }) => [id, title]));

/** With its title and its fix, as this version of the program has them. */
function shownCheck({ id, result, code, ...met }: KeptCheck, sight: Sight): ExplainedCheck {
  const title = TITLES.get(id) ?? id;
  if (result !== 'fail' || code === undefined) return { id, title, result };
  const { expected, got } = sight === 'without_keys' && KEY_CHECKS.has(id) ? {} : met;
  return {
    ...{ id, title, result, code },
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
    ...(isFaultCode(code) && { fix: catalogue[code].fix }),
  };
}

/** Only what is registered, or has passed its grammar, is said again. `PV-SEC-066` */
export async function explainedParties(
  grant: Grant,
  { clients }: Pick<TokenRegisters, 'clients'>,
): Promise<Pick<Explanation, 'clientId' | 'consumer' | 'supplier' | 'scopes'>> {
  const claims = readable(grant.claims);
  const client = claims && (await clients.find(claims.iss));
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
