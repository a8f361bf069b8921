import type { Changes, Random } from '../../../server/core/ports.ts';
import type { Scope } from '../../../server/core/scope.ts';
import type { TokenSettings } from '../../../server/core/settings.ts';
import { grantAccess, withdrawAccess } from '../../../server/registry/accesses.ts';
import type { Act } from '../../../server/registry/act.ts';
import { blockClient } from '../../../server/registry/blocked-clients.ts';
import { changeableClient } from '../../../server/registry/client-rights.ts';
import { deactivateClient, replaceClient } from '../../../server/registry/clients.ts';
import { makeConsent, revocableConsent, revokeConsent } from '../../../server/registry/consents.ts';
import { delegationOfParty, endDelegation, giveDelegation } from '../../../server/registry/delegations.ts';
import { putKey, removeKey, removeKeys } from '../../../server/registry/keys.ts';
import { createOnBehalfOf, findOnBehalfOf, removeOnBehalfOf } from '../../../server/registry/on-behalf-of.ts';
import { changeOrganization } from '../../../server/registry/organizations.ts';
import { deactivateScope, ownScope, updateScope } from '../../../server/registry/scopes.ts';
import { changeSource } from '../../../server/registry/sources.ts';
import {
  approveSystemUser,
  requestSystemUser,
  revokeSystemUser,
  systemUserOfParty,
} from '../../../server/registry/system-users.ts';
import { changeSystem, ownSystem } from '../../../server/registry/systems.ts';
import { CONSENT_RIGHTS } from '../model/rights.ts';
import type { Change } from '../step.ts';
import { CLIENTS, ISSUER, keyOf, OPERATOR, OTHER_OWNER, OWNER, SUPPLIER } from '../world.ts';

/** When a change is made, and what the server signs with. */
export type Moment = { readonly now: number; readonly correlationId: string } & Pick<TokenSettings, 'signingAlgorithms'>;

/** Makes a change as the self-service API does: through the use case, inside a transaction. @throws {Fault} */
export async function make(changes: Changes, change: Change, moment: Moment): Promise<void> {
  switch (change.what) {
    case 'grant access':
    case 'withdraw access':
      return changeAccess(changes, change, moment);
    case 'set scope':
    case 'deactivate scope':
      return changeScope(changes, change, moment);
    case 'set client':
    case 'deactivate client':
    case 'put key':
    case 'remove key':
    case 'remove keys':
      return changeClient(changes, change, moment);
    case 'delegate':
    case 'end delegation':
    case 'consent':
    case 'revoke consent':
      return changeTrust(changes, change, moment);
    case 'set system':
    case 'request system user':
    case 'approve system user':
    case 'revoke system user':
      return changeSystemUser(changes, change, moment);
    case 'add customer':
    case 'remove customer':
      return changeCustomer(changes, change, moment);
    default:
      return operate(changes, change, moment);
  }
}

type Of<What extends Change['what']> = Extract<Change, { readonly what: What }>;

const SCOPES_OF_CALLERS = ['idporten:dcr.write', 'idporten:dcr.supplier', 'portvakt:consents.write'];

function actBy(orgno: string, { now, correlationId }: Moment): Act {
  return { caller: { clientId: `admin-${orgno}`, orgno, scopes: SCOPES_OF_CALLERS }, now, correlationId };
}

/** An id that has been decided. */
function random(id: string): Random {
  return { uuid: () => id, token: () => id, traceId: () => id };
}

function ownerOf(scope: string): string {
  return scope.startsWith('prove:') ? OWNER : OTHER_OWNER;
}

async function changeAccess(changes: Changes, change: Of<'grant access' | 'withdraw access'>, moment: Moment): Promise<void> {
  const owner = ownerOf(change.scope);
  const scope = await ownScope(changes, change.scope, owner);
  const before = await changes.accesses.find(change.scope, change.consumer);
  const act = actBy(owner, moment);
  if (change.what === 'grant access') await grantAccess(changes, { scope, consumer: change.consumer, before }, act);
  else if (before) await withdrawAccess(changes, before, act);
}

async function changeScope(changes: Changes, change: Of<'set scope' | 'deactivate scope'>, moment: Moment): Promise<void> {
  const owner = ownerOf(change.scope);
  const before = await ownScope(changes, change.scope, owner);
  const act = { ...actBy(owner, moment), issuer: ISSUER, signingAlgorithms: moment.signingAlgorithms };
  if (change.what === 'deactivate scope') await deactivateScope(changes, before, act);
  else await updateScope(changes, before, { ...kept(before), ...change.set }, act);
}

/** What a change of a scope leaves as it is. */
function kept({ allowedIntegrationTypes, requiresQualifiedSeal, signingAlgorithm, details }: Scope) {
  return {
    ...{ allowedIntegrationTypes, details },
    ...(requiresQualifiedSeal && { requiresQualifiedSeal }),
    ...(signingAlgorithm && { signingAlgorithm }),
  };
}

async function changeClient(
  changes: Changes,
  change: Of<'set client' | 'deactivate client' | 'put key' | 'remove key' | 'remove keys'>,
  moment: Moment,
): Promise<void> {
  const act = actBy(change.by, moment);
  const client = await changeableClient(changes, change.client, { caller: act.caller, accepted: ['idporten:dcr.write'] });
  if (change.what === 'deactivate client') return deactivateClient(changes, client, act);
  if (change.what === 'remove keys') return removeKeys(changes, client, act);
  if (change.what === 'remove key') return removeKey(changes, { client, kid: change.kid }, act);
  if (change.what === 'put key') {
    const { expires: _, created: __, lastUpdated: ___, ...key } = keyOf(change.kid, 0);
    return void (await putKey(changes, { client, key: { key, exp: change.exp } }, act));
  }
  const { active, scopes, lifetime: accessTokenLifetime } = change.set;
  const { name, details } = client;
  await replaceClient(changes, { client, wish: { name, details, active, scopes, accessTokenLifetime } }, act);
}

async function changeTrust(
  changes: Changes,
  change: Of<'delegate' | 'end delegation' | 'consent' | 'revoke consent'>,
  moment: Moment,
): Promise<void> {
  const act = actBy(change.what === 'consent' ? change.from : change.by, moment);
  if (change.what === 'delegate') {
    const { id, supplier: supplierOrgno, scopes, validFrom, validTo } = change;
    await giveDelegation(changes, { supplierOrgno, scopes, validFrom, validTo }, { ...act, issuer: ISSUER, random: random(id) });
  } else if (change.what === 'end delegation') {
    await endDelegation(changes, await delegationOfParty(changes, change.id, change.by), act);
  } else if (change.what === 'consent') {
    const from = `urn:altinn:organization:identifier-no:${change.from}`;
    const wish = { from, toOrgno: change.to, validTo: change.validTo, rights: CONSENT_RIGHTS };
    await makeConsent(changes, wish, { ...act, random: random(change.id) });
  } else {
    await revokeConsent(changes, await revocableConsent(changes, { id: change.id, from: undefined }, act.caller), act);
  }
}

async function changeSystemUser(
  changes: Changes,
  change: Of<'set system' | 'request system user' | 'approve system user' | 'revoke system user'>,
  moment: Moment,
): Promise<void> {
  const systemId = `${SUPPLIER}_books`;
  if (change.what === 'set system') {
    const before = await ownSystem(changes, systemId, SUPPLIER);
    const { clientIds, active } = change;
    await changeSystem(changes, { before, settings: { name: before.name, clientIds, active } }, actBy(SUPPLIER, moment));
  } else if (change.what === 'request system user') {
    const { id, customer: customerOrgno, externalRef } = change;
    const wish = { systemId, customerOrgno, ...(externalRef !== undefined && { externalRef }) };
    await requestSystemUser(changes, wish, { ...actBy(SUPPLIER, moment), random: random(id) });
  } else {
    const act = actBy(change.by, moment);
    const before = await systemUserOfParty(changes, change.id, change.by);
    await (change.what === 'approve system user' ? approveSystemUser : revokeSystemUser)(changes, before, act);
  }
}

async function changeCustomer(changes: Changes, change: Of<'add customer' | 'remove customer'>, moment: Moment): Promise<void> {
  const act = actBy(CLIENTS[change.client as keyof typeof CLIENTS].orgno, moment);
  const client = await changes.clients.find(change.client);
  if (!client) throw new Error(`no client ${change.client}`);
  if (change.what === 'remove customer') {
    await removeOnBehalfOf(changes, await findOnBehalfOf(changes, client, change.id), act);
  } else {
    const { id, orgno } = change as Of<'add customer'>;
    await createOnBehalfOf(changes, { client, wish: { id, orgno, name: orgno, details: {} } }, act);
  }
}

async function operate(
  changes: Changes,
  change: Of<'set organization' | 'block client' | 'unblock client' | 'set source'>,
  moment: Moment,
): Promise<void> {
  const act = actBy(OPERATOR, moment);
  if (change.what === 'set organization') {
    const before = await changes.organizations.find(change.orgno);
    if (!before) throw new Error(`no organisation ${change.orgno}`);
    const { name, adminScopes } = before;
    await changeOrganization(changes, { before, settings: { name, adminScopes, active: change.active } }, act);
  } else if (change.what === 'set source') {
    const before = await changes.sources.find(change.name);
    if (!before) throw new Error(`no source ${change.name}`);
    const { created: _, lastUpdated: __, ...rest } = before;
    await changeSource(changes, { before, wish: { ...rest, active: change.active } }, { ...act, issuer: ISSUER });
  } else {
    const before = await changes.clients.find(change.client);
    if (!before) throw new Error(`no client ${change.client}`);
    await blockClient(changes, { before, reason: change.what === 'block client' ? 'by chance' : undefined }, act);
  }
}
