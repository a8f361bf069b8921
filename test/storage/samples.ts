import type { Client, RegisteredKey } from '../../server/core/client.ts';
import type {
  AuditRecord,
  Changes,
  OnBehalfOf,
  Organization,
  Prefix,
  SigningKeyRecord,
  TrustEntry,
} from '../../server/core/ports.ts';
import type { Access, Scope } from '../../server/core/scope.ts';

/** Made-up entries of every register: one with every member, and one with as few as there can be. */

export const owner: Organization = {
  orgno: '310555029',
  name: 'Prøveetaten «æ» 😀',
  active: true,
  adminScopes: ['idporten:scopes.write', 'idporten:dcr/onbehalfof:write'],
  created: 1_767_225_600,
  lastUpdated: 1_767_225_601,
};
export const consumer: Organization = {
  orgno: '310555037',
  name: "Eksempel Bygg AS'; --",
  active: false,
  adminScopes: [],
  created: 0,
  lastUpdated: 4_102_444_800,
};
export const supplier: Organization = {
  orgno: '0007:5560000001',
  name: 'Leverandör AB',
  active: true,
  adminScopes: ['idporten:dcr.supplier'],
  created: 1,
  lastUpdated: 2,
};

export const prefix: Prefix = { prefix: 'prove', ownerOrgno: owner.orgno, active: true, created: 3, lastUpdated: 4 };

export const scope: Scope = {
  name: 'prove:bygg/på.read',
  prefix: 'prove',
  subscope: 'bygg/på.read',
  ownerOrgno: owner.orgno,
  active: true,
  accessibleForAll: false,
  allowedIntegrationTypes: ['maskinporten', 'krr'],
  atMaxAge: 120,
  delegationSource: 'https://delegering.example.no/',
  enforcedAudience: 'https://api.example.no/',
  requiresQualifiedSeal: true,
  signingAlgorithm: 'ES256',
  details: { description: 'Lese "byggesaker"\n', 'description#en': 'Read', nested: { list: [1, 2.5, true, null] } },
  created: 5,
  lastUpdated: 6,
};

export const bareScope: Scope = {
  name: 'prove:a',
  prefix: 'prove',
  subscope: 'a',
  ownerOrgno: owner.orgno,
  active: false,
  accessibleForAll: true,
  allowedIntegrationTypes: [],
  atMaxAge: 0,
  details: {},
  created: 7,
  lastUpdated: 8,
};

export const access: Access = {
  scope: scope.name,
  consumerOrgno: consumer.orgno,
  state: 'APPROVED',
  reason: 'Byggesak "24/1"; --',
  requestedBy: '0a',
  created: 9,
  lastUpdated: 10,
};

export const bareAccess: Access = {
  scope: scope.name,
  consumerOrgno: '310555053',
  state: 'REQUESTED',
  created: 9,
  lastUpdated: 10,
};

export const key: RegisteredKey = {
  kid: 'bygg-2',
  jwk: { kty: 'RSA', n: 'vd0xQ2m1', e: 'AQAB' },
  thumbprint: 'Zx3v0mC2yV5n1oQbXn9Yw7h4cTQ2kE8rJp6sLdUaGfM',
  alg: 'RS512',
  expires: 1_798_761_600,
  x5c: ['MIIF+/==', 'MIIG'],
  created: 11,
  lastUpdated: 12,
};

export const bareKey: RegisteredKey = {
  kid: 'bygg-1',
  jwk: { kty: 'RSA', n: 'abc', e: 'AQAB' },
  thumbprint: 'other',
  expires: 13,
  created: 14,
  lastUpdated: 15,
};

export const client: Client = {
  clientId: '7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44',
  name: 'bygg-uttrekk',
  orgno: consumer.orgno,
  supplierOrgno: supplier.orgno,
  active: true,
  blocked: 'nøkkelen er på avveie',
  integrationType: 'maskinporten',
  scopes: [scope.name, bareScope.name],
  accessTokenLifetime: 120,
  keys: [key, bareKey],
  details: { application_type: 'web', redirect_uris: [] },
  created: 16,
  lastUpdated: 17,
};

export const bareClient: Client = {
  clientId: '0a',
  name: '',
  orgno: consumer.orgno,
  active: false,
  integrationType: 'api_klient',
  scopes: [],
  accessTokenLifetime: 0,
  keys: [],
  details: {},
  created: 18,
  lastUpdated: 19,
};

export const onBehalfOf: OnBehalfOf = {
  clientId: client.clientId,
  id: 'bygg_kunde_1',
  orgno: '310555053',
  name: 'Liksom Fisk AS',
  details: { description: 'Kunde nr 1', uri: 'https://fisk.example.no' },
  created: 24,
  lastUpdated: 25,
};

export const trustEntry: TrustEntry = {
  id: 'issuing',
  certificate: 'MIIF',
  role: 'intermediate',
  environment: 'test',
  profile: 'own',
  created: 20,
};

export const signingKey: SigningKeyRecord = {
  kid: 'zzz',
  alg: 'RS256',
  jwk: { kty: 'RSA', n: 'n', e: 'AQAB' },
  created: 21,
  state: 'retired',
  published: 22,
  activated: 23,
  retired: 24,
};

/** What is known of a key that nobody has been shown. */
export const bareSigningKey: SigningKeyRecord = {
  kid: 'zzy',
  alg: 'RS256',
  jwk: { kty: 'RSA', n: 'm', e: 'AQAB' },
  created: 22,
  state: 'generated',
};

export const verdict: AuditRecord = {
  type: 'token.issuing',
  at: 22,
  correlationId: '9f8e7d6c5b4a39281706f5e4d3c2b1a0',
  clientId: client.clientId,
  orgno: consumer.orgno,
  details: { scopes: [scope.name], lifetime: 120 },
};

export const bareRecord: AuditRecord = { type: 'world.installed', at: 23, correlationId: '0', details: {} };

/** What the other entries refer to. */
export async function putOrganizations(changes: Changes): Promise<void> {
  for (const organization of [owner, consumer, supplier]) await changes.organizations.put(organization);
}

/** One entry in every register and the references between them. */
export async function putAll(changes: Changes): Promise<void> {
  await putOrganizations(changes);
  await changes.prefixes.put(prefix);
  for (const each of [scope, bareScope]) await changes.scopes.put(each);
  for (const each of [client, bareClient]) await changes.clients.put(each);
  for (const each of [access, bareAccess]) await changes.accesses.put(each);
  await changes.onBehalfOf.put(onBehalfOf);
  await changes.trust.put(trustEntry);
  for (const each of [signingKey, bareSigningKey]) await changes.signingKeys.put(each);
  await changes.audit.append(bareRecord);
}
