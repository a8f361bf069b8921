import type { Change, ClientSet, DelegationSet } from '../step.ts';
import { CLIENTS, ELSEWHERE, ISSUER, NEIGHBOUR, OPERATOR, OTHER_OWNER, OWNER, SUPPLIER } from '../world.ts';
import type { ModelClient, ModelKey, State } from './state.ts';

/** What a change comes to: a refusal's code, nothing to do, or a record in the audit and what is different then. */
export type Ruling =
  | { readonly fault: string }
  | 'nothing'
  | { readonly type: string; readonly by: string; readonly apply: () => void };

/** The rules of what is registered. Contract §5 to §7 */
export function rule(state: State, change: Change, now: number): Ruling {
  switch (change.what) {
    case 'grant access':
    case 'withdraw access':
      return ruleAccess(state, change);
    case 'set scope':
    case 'deactivate scope':
      return ruleScope(state, change);
    case 'set organization':
      if (change.orgno === OPERATOR && !change.active) return refusal('PV-609');
      return ruling('organization.changed', OPERATOR, () => state.organizations.set(change.orgno, change.active));
    case 'block client':
    case 'unblock client':
      return changed(state, { id: change.client, by: OPERATOR }, { blocked: change.what === 'block client' });
    case 'set client':
    case 'deactivate client':
    case 'put key':
    case 'remove key':
    case 'remove keys':
      return ruleClient(state, change, now);
    case 'delegate':
    case 'end delegation':
      return ruleDelegation(state, change, now);
    case 'consent':
    case 'revoke consent':
      return ruleConsent(state, change, now);
    case 'set system':
      if (change.clientIds.some((id) => state.clients.get(id)?.orgno !== SUPPLIER || state.clients.get(id)?.blocked))
        return refusal('PV-601');
      return ruling('system.changed', SUPPLIER, () => {
        state.system.clear();
        for (const name of [...change.clientIds, ...(change.active ? ['active'] : [])]) state.system.set(name, true);
      });
    case 'request system user':
    case 'approve system user':
    case 'revoke system user':
      return ruleSystemUser(state, change);
    case 'set source': {
      const issuer = change.name === 'elsewhere' ? ELSEWHERE : NEIGHBOUR;
      return ruling('source.changed', OPERATOR, () => state.sources.set(issuer, change.active));
    }
    case 'add customer':
    case 'remove customer':
      return ruleCustomer(state, change);
  }
}

type Of<What extends Change['what']> = Extract<Change, { readonly what: What }>;

/** §5.5.3: to a scope that is active; what is given stays as it is. */
function ruleAccess(state: State, { what, scope, consumer }: Of<'grant access' | 'withdraw access'>): Ruling {
  const name = `${scope} ${consumer}`;
  const isLetIn = state.accesses.get(name);
  const owner = ownerOf(scope);
  if (what === 'withdraw access') {
    if (!isLetIn) return 'nothing';
    return ruling('access.withdrawn', owner, () => state.accesses.set(name, false));
  }
  if (!state.organizations.has(consumer)) return refusal('PV-601');
  if (isLetIn) return 'nothing';
  if (!state.scopes.get(scope)?.active) return refusal('PV-609');
  return ruling('access.granted', owner, () => state.accesses.set(name, true));
}

/** §5.5.2, §5.8: a source that is new to the scope has to be in use, and what it asks to be signed with possible. */
function ruleScope(state: State, change: Of<'set scope' | 'deactivate scope'>): Ruling {
  const before = state.scopes.get(change.scope);
  const owner = ownerOf(change.scope);
  if (!before) return refusal('PV-604');
  if (change.what === 'deactivate scope') {
    if (!before.active) return 'nothing';
    return ruling('scope.deactivated', owner, () => state.scopes.set(change.scope, { ...before, active: false }));
  }
  const {
    active,
    accessibleForAll: openToAll,
    atMaxAge: maxAge,
    delegationSource: source,
    enforcedAudience: audience,
  } = change.set;
  const isInUse = source === undefined || source === before.source || source === ISSUER || state.sources.get(source);
  const isSignable = before.alg === undefined || (state.settings.signingAlgorithms as readonly string[]).includes(before.alg);
  if (!isInUse || !isSignable) return refusal('PV-601');
  const { source: _, audience: __, ...rest } = before;
  const after = { ...rest, active, openToAll, maxAge, ...(source && { source }), ...(audience && { audience }) };
  const type = before.active === active ? 'scope.changed' : active ? 'scope.revived' : 'scope.deactivated';
  return ruling(type, owner, () => state.scopes.set(change.scope, after));
}

/** §5.2, §5.3, §5.6: a client is changed by its own organisation, or by the supplier that made it; a blocked one is not there. */
function ruleClient(
  state: State,
  change: Of<'set client' | 'deactivate client' | 'put key' | 'remove key' | 'remove keys'>,
  now: number,
): Ruling {
  const { client: id, by } = change;
  const client = state.clients.get(id);
  if (!client || client.blocked || ![client.orgno, client.supplier].includes(by)) return refusal('PV-604');
  if ((client.supplier ?? client.orgno) !== by) return refusal('PV-643');
  if (change.what === 'set client') return ruleSettings(state, client, change);
  if (change.what === 'deactivate client') return client.active ? changed(state, { id, by }, { active: false }) : 'nothing';
  if (change.what === 'remove keys') return client.keys.length > 0 ? changed(state, { id, by }, { keys: [] }) : 'nothing';
  const others = client.keys.filter(({ kid }) => kid !== change.kid);
  if (change.what === 'remove key') {
    if (others.length === client.keys.length) return refusal('PV-604');
    return others.length === 0 ? refusal('PV-601') : changed(state, { id, by }, { keys: others });
  }
  if (others.length === 5) return refusal('PV-601');
  const certificate = change.kid.split(':')[1];
  const expires = Math.min(change.exp, now + 365 * 86_400);
  const key: ModelKey = { kid: change.kid, expires, ...(certificate && { certificate }) };
  return changed(state, { id, by }, { keys: [...others, key] });
}

/** §5.2.5: a scope that is new to the client has to be open to it; what it carries stays. */
function ruleSettings(state: State, client: ModelClient, { client: id, by, set }: Of<'set client'>): Ruling {
  const { active, scopes, lifetime }: ClientSet = set;
  const parties = [client.orgno, ...(client.supplier === undefined ? [] : [client.supplier])];
  const mayCarry = (name: string): boolean => {
    const scope = state.scopes.get(name);
    if (client.scopes.includes(name)) return true;
    if (!scope?.active || (scope.types.length > 0 && !scope.types.includes(client.type))) return false;
    if (scope.openToAll || (scope.source !== undefined && client.supplier === undefined)) return true;
    return parties.every((party) => state.accesses.get(`${name} ${party}`) === true);
  };
  if (!scopes.every(mayCarry)) return refusal('PV-601');
  const isDefault = client.lifetime === 0 && lifetime === 120;
  return changed(state, { id, by }, { active, scopes, lifetime: isDefault ? 0 : lifetime });
}

function changed(state: State, { id, by }: { id: string; by: string }, set: Partial<ModelClient>): Ruling {
  const client = state.clients.get(id);
  if (!client) return refusal('PV-604');
  return ruling('client.changed', by, () => state.clients.set(id, { ...client, ...set }));
}

/** §6.1, own API: given whole, once at a time; ended by either party. */
function ruleDelegation(state: State, change: Of<'delegate' | 'end delegation'>, now: number): Ruling {
  if (change.what === 'end delegation') {
    const standing = state.delegations.get(change.id);
    if (!standing || ![standing.consumer, standing.supplier].includes(change.by)) return refusal('PV-604');
    if (standing.revoked) return 'nothing';
    const type = change.by === standing.consumer ? 'delegation.revoked' : 'delegation.given_back';
    return ruling(type, change.by, () => state.delegations.set(change.id, { ...standing, revoked: true }));
  }
  const { supplier, scopes, validFrom: from = 0, validTo: to = Number.POSITIVE_INFINITY }: DelegationSet = change;
  if (supplier === change.by || to <= now || to <= from) return refusal('PV-601');
  const isDelegable = (name: string): boolean => {
    const scope = state.scopes.get(name);
    const isOurs = scope?.source === ISSUER || (scope?.source !== ELSEWHERE && state.sources.get(scope?.source ?? '') === true);
    return scope?.active === true && isOurs;
  };
  if (!scopes.every(isDelegable)) return refusal('PV-601');
  const overlaps = [...state.delegations.values()].some(
    (other) =>
      other.consumer === change.by &&
      other.supplier === supplier &&
      !other.revoked &&
      other.to > now &&
      other.from < to &&
      from < other.to &&
      other.scopes.some((name) => scopes.includes(name)),
  );
  if (overlaps) return refusal('PV-609');
  const delegation = { consumer: change.by, supplier, scopes, from, to, revoked: false };
  return ruling('delegation.given', change.by, () => state.delegations.set(change.id, delegation));
}

/** §7.2: the giver alone takes it back. */
function ruleConsent(state: State, change: Of<'consent' | 'revoke consent'>, now: number): Ruling {
  const urn = (orgno: string) => `urn:altinn:organization:identifier-no:${orgno}`;
  if (change.what === 'consent') {
    if (change.validTo <= now) return refusal('PV-601');
    const consent = { from: urn(change.from), to: change.to, given: now, until: change.validTo, revoked: false };
    return ruling('consent.given', change.from, () => state.consents.set(change.id, consent));
  }
  const standing = state.consents.get(change.id);
  if (!standing || ![standing.from, urn(standing.to)].includes(urn(change.by))) return refusal('PV-604');
  if (standing.from !== urn(change.by)) return refusal('PV-643');
  if (standing.revoked) return 'nothing';
  return ruling('consent.revoked', change.by, () => state.consents.set(change.id, { ...standing, revoked: true }));
}

/** §7.1: the vendor asks, the customer approves, either ends it. */
function ruleSystemUser(state: State, change: Of<'request system user' | 'approve system user' | 'revoke system user'>): Ruling {
  const put = (type: string, by: string, set: { customer: string; reference: string; state: string }) =>
    ruling(type, by, () => state.systemUsers.set(change.id, set));
  if (change.what === 'request system user') {
    const { customer, externalRef: reference = customer } = change;
    if (!state.system.get('active')) return refusal('PV-609');
    const others = [...state.systemUsers.values()];
    if (others.some((user) => user.state !== 'REVOKED' && user.customer === customer && user.reference === reference))
      return refusal('PV-609');
    return put('systemuser.requested', SUPPLIER, { customer, reference, state: 'REQUESTED' });
  }
  const { what, by } = change;
  const user = state.systemUsers.get(change.id);
  if (!user || ![user.customer, SUPPLIER].includes(by)) return refusal('PV-604');
  if (what === 'revoke system user')
    return user.state === 'REVOKED' ? 'nothing' : put('systemuser.revoked', by, { ...user, state: 'REVOKED' });
  if (user.customer !== by) return refusal('PV-643');
  if (user.state === 'ACTIVE') return 'nothing';
  if (user.state === 'REVOKED' || !state.system.get('active')) return refusal('PV-609');
  return put('systemuser.approved', by, { ...user, state: 'ACTIVE' });
}

/** §5.4 */
function ruleCustomer(state: State, { what, client, ...rest }: Of<'add customer' | 'remove customer'>): Ruling {
  const name = `${client} ${rest.id}`;
  const by = CLIENTS[client as keyof typeof CLIENTS].orgno;
  const isThere = state.customers.has(name);
  if (what === 'remove customer') {
    return isThere ? ruling('onbehalfof.removed', by, () => void state.customers.delete(name)) : refusal('PV-604');
  }
  const { orgno } = rest as Of<'add customer'>;
  return isThere ? refusal('PV-609') : ruling('onbehalfof.created', by, () => void state.customers.set(name, orgno));
}

function ownerOf(scope: string): string {
  return scope.startsWith('prove:') ? OWNER : OTHER_OWNER;
}

function refusal(fault: string): Ruling {
  return { fault };
}

function ruling(type: string, by: string, apply: () => unknown): Ruling {
  return { type, by, apply: () => void apply() };
}
