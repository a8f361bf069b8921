import type { Consent } from '../../server/core/consent.ts';
import type { Delegation } from '../../server/core/delegation.ts';
import type { Source } from '../../server/core/source.ts';
import type { System, SystemUser } from '../../server/core/system-user.ts';
import { consumer, owner, scope, supplier } from './samples.ts';

/** Made-up entries of who acts for whom: one with every member, and one with as few as there can be. */

export const delegation: Delegation = {
  id: '5a1d3f00-0000-4000-8000-000000000002',
  consumerOrgno: consumer.orgno,
  supplierOrgno: supplier.orgno,
  scopes: [scope.name, 'annen:skriv'],
  validFrom: 100,
  validTo: 200,
  revoked: false,
  reason: "Driftsavtale 'æ' 2026; --",
  created: 50,
  lastUpdated: 51,
};

export const bareDelegation: Delegation = {
  id: '5a1d3f00-0000-4000-8000-000000000001',
  consumerOrgno: owner.orgno,
  supplierOrgno: '310555061',
  scopes: ['annen:skriv'],
  revoked: true,
  created: 52,
  lastUpdated: 53,
};

export const system: System = {
  systemId: `${owner.orgno}_fiske`,
  vendorOrgno: owner.orgno,
  name: 'Fiskesystem «ø»',
  description: 'Fangst',
  clientIds: ['a', 'b'],
  active: true,
  created: 54,
  lastUpdated: 55,
};

export const bareSystem: System = {
  systemId: `${supplier.orgno}_a`,
  vendorOrgno: supplier.orgno,
  name: 'A',
  clientIds: [],
  active: false,
  created: 56,
  lastUpdated: 57,
};

export const systemUser: SystemUser = {
  id: 'a545ec84-a792-4889-b2ce-4f2b1f7cb6f1',
  systemId: system.systemId,
  customerOrgno: '310555053',
  externalRef: 'fisk-mottak-2',
  state: 'ACTIVE',
  created: 58,
  lastUpdated: 59,
};

export const bareSystemUser: SystemUser = {
  id: '0',
  systemId: bareSystem.systemId,
  customerOrgno: '310555061',
  externalRef: '310555061',
  state: 'REQUESTED',
  created: 60,
  lastUpdated: 61,
};

export const consent: Consent = {
  id: 'ecb2a6a5-5a3e-4c56-9c3c-0f2f9e4e2b17',
  from: 'urn:altinn:person:identifier-no:01819010192',
  toOrgno: consumer.orgno,
  consented: 62,
  validTo: 300,
  revoked: false,
  rights: [
    {
      action: ['consent'],
      resource: [{ type: 'urn:altinn:resource', value: 'prove-inntekt' }],
      metadata: { inntektsår: '2025' },
    },
    { action: ['read'], resource: [{ type: 'urn:altinn:resource', value: 'b' }], metadata: null },
  ],
};

export const bareConsent: Consent = {
  id: '00000000-0000-4000-8000-000000000000',
  from: 'urn:altinn:organization:identifier-no:310555053',
  toOrgno: owner.orgno,
  consented: 0,
  validTo: 1,
  revoked: true,
  rights: [],
};

export const source: Source = {
  name: 'altinn',
  issuer: 'https://delegering.example.no/',
  kind: 'altinn',
  baseUrl: 'https://platform.example.no',
  tokenIssuer: 'https://token.example.no/',
  clientId: 'vår-klient',
  keyName: 'altinn',
  cacheSeconds: 60,
  timeoutMs: 1500,
  active: true,
  created: 63,
  lastUpdated: 64,
};

export const bareSource: Source = {
  name: 'a',
  issuer: 'https://gammel.example.no/',
  kind: 'local',
  active: false,
  created: 65,
  lastUpdated: 66,
};
