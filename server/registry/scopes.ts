import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes, Registers } from '../core/ports.ts';
import { isSubscope, type Scope } from '../core/scope.ts';
import type { TokenSettings } from '../core/settings.ts';
import { type Act, changeRecord } from './act.ts';
import { delegationSources } from './delegation-sources.ts';

/** What an owner says of a scope, besides its name. */
export type ScopeSettings = Pick<
  Scope,
  | 'active'
  | 'accessibleForAll'
  | 'allowedIntegrationTypes'
  | 'atMaxAge'
  | 'delegationSource'
  | 'enforcedAudience'
  | 'requiresQualifiedSeal'
  | 'signingAlgorithm'
  | 'details'
>;

/** A scope that is to be. */
export type NewScope = ScopeSettings & Pick<Scope, 'prefix' | 'subscope'>;

/** An act, and what the server on which it happens is called and signs with. */
export type ScopeAct = Act & Pick<TokenSettings, 'issuer' | 'signingAlgorithms'>;

/** A scope of the organisation; another's is as none. @throws {Fault} PV-604, `PV-SEC-083` */
export async function ownScope({ scopes }: Registers, name: string, owner: OrganizationNumber): Promise<Scope> {
  const scope = await scopes.find(name);
  if (scope?.ownerOrgno !== owner) throw new Fault('PV-604');
  return scope;
}

/**
 * Registers a scope under a prefix of the caller's. Contract §5.5.1, §5.8
 * @throws {Fault} PV-643 for a prefix that is not the caller's, PV-609 when the scope exists, active or not, PV-601
 */
export async function createScope(changes: Changes, input: NewScope, act: ScopeAct): Promise<Scope> {
  const { caller, now } = act;
  const name = `${input.prefix}:${input.subscope}`;
  await assertOwnsPrefix(changes, input.prefix, caller.orgno);
  if (!isSubscope(input.subscope) || !isSubscope(name)) throw invalidField('scope', 'subscope', SUBSCOPE_RULE);
  await assertSettings(changes, input, act);
  const existing = await changes.scopes.find(name);
  if (existing) throw exists(existing);
  const scope = { ...input, name, ownerOrgno: caller.orgno, created: now, lastUpdated: now };
  await changes.scopes.put(scope);
  await changes.audit.append(changeRecord('scope.created', { subject: `scope/${name}`, after: scopeMembers(scope) }, act));
  return scope;
}

/**
 * Replaces what the owner says of the scope. A scope that is revived needs its prefix, as a new one does. Contract §5.8
 * @throws {Fault} PV-643, PV-601
 */
export async function updateScope(changes: Changes, before: Scope, settings: ScopeSettings, act: ScopeAct): Promise<Scope> {
  const { caller, now } = act;
  if (settings.active && !before.active) await assertOwnsPrefix(changes, before.prefix, caller.orgno);
  await assertSettings(changes, settings, act, before);
  const { name, prefix, subscope, ownerOrgno, created } = before;
  const scope = { ...settings, name, prefix, subscope, ownerOrgno, created, lastUpdated: now };
  await replace(changes, before, scope, act);
  return scope;
}

/** Deactivates the scope; its accesses stay, and clients keep it. What is inactive stays as it is. Contract §5.8 */
export async function deactivateScope(changes: Changes, before: Scope, act: Act): Promise<Scope> {
  if (!before.active) return before;
  const scope = { ...before, active: false, lastUpdated: act.now };
  await replace(changes, before, scope, act);
  return scope;
}

/** A scope's members on the wire, besides its times. Contract §5.5.2 */
export function scopeMembers(scope: Scope) {
  return {
    name: scope.name,
    prefix: scope.prefix,
    subscope: scope.subscope,
    description: scope.name,
    token_type: 'SELF_CONTAINED',
    visibility: 'PUBLIC',
    requires_user_consent: false,
    requires_user_authentication: false,
    requires_pseudonymous_tokens: false,
    ...scope.details,
    active: scope.active,
    allowed_integration_types: scope.allowedIntegrationTypes,
    owner_orgno: scope.ownerOrgno,
    at_max_age: scope.atMaxAge,
    accessible_for_all: scope.accessibleForAll,
    ...(scope.delegationSource !== undefined && { delegation_source: scope.delegationSource }),
    ...(scope.enforcedAudience !== undefined && { enforced_aud_for_access_token: scope.enforcedAudience }),
    ...(scope.requiresQualifiedSeal && { requires_qualified_seal: true }),
    ...(scope.signingAlgorithm !== undefined && { access_token_signing_alg: scope.signingAlgorithm }),
  };
}

const SUBSCOPE_RULE =
  'must be visible ASCII characters without quotes and backslashes, no segment between slashes empty, "." or "..", and with its prefix at most 255 characters';

async function assertOwnsPrefix({ prefixes }: Changes, name: string, organization: OrganizationNumber): Promise<void> {
  const prefix = await prefixes.find(name);
  if (prefix?.active && prefix.ownerOrgno === organization) return;
  throw new Fault('PV-643', { fields: [{ object: 'scope', field: 'prefix', message: 'is not a prefix of this organisation' }] });
}

/** `INTERNAL` is the operator's own, and may stay where it stands. Contract §5.5.2 */
async function assertSettings(
  changes: Changes,
  settings: ScopeSettings,
  { caller, issuer, signingAlgorithms }: ScopeAct,
  before?: Scope,
): Promise<void> {
  const { delegationSource, signingAlgorithm, details } = settings;
  const sources = (await delegationSources(changes, issuer)).map((source) => source.issuer);
  if (delegationSource !== undefined && delegationSource !== before?.delegationSource && !sources.includes(delegationSource))
    throw invalidField('scope', 'delegation_source', 'is not an issuer of /delegationsources');
  if (signingAlgorithm !== undefined && !signingAlgorithms.includes(signingAlgorithm))
    throw invalidField(
      'scope',
      'access_token_signing_alg',
      `must be one of ${signingAlgorithms.join(', ')}: what this server signs with`,
    );
  if (details.visibility !== 'INTERNAL' || before?.details.visibility === 'INTERNAL') return;
  const organization = await changes.organizations.find(caller.orgno);
  if (!organization?.adminScopes.includes(OPERATOR_SCOPE))
    throw invalidField('scope', 'visibility', 'may be INTERNAL for the operator alone');
}

function exists({ active }: Scope): Fault {
  const message = active ? 'the scope already exists' : 'the scope already exists and is inactive';
  return new Fault('PV-609', { fields: [{ object: 'scope', field: 'subscope', message }] });
}

async function replace(changes: Changes, before: Scope, after: Scope, act: Act): Promise<void> {
  await changes.scopes.put(after);
  const type = before.active === after.active ? 'scope.changed' : after.active ? 'scope.revived' : 'scope.deactivated';
  await changes.audit.append(
    changeRecord(type, { subject: `scope/${after.name}`, before: scopeMembers(before), after: scopeMembers(after) }, act),
  );
}
