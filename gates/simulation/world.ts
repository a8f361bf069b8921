import type { Client, RegisteredKey } from '../../server/core/client.ts';
import type { Organization } from '../../server/core/ports.ts';
import type { Access, Scope } from '../../server/core/scope.ts';
import type { TokenSettings } from '../../server/core/settings.ts';
import type { Source } from '../../server/core/source.ts';
import type { System } from '../../server/core/system-user.ts';
import { type Chance, pick } from '../chance.ts';

/** When every schedule begins, in epoch seconds. */
export const BEGINNING = 1_800_000_000;

export const ISSUER = 'https://token.example.no/';

/** The operator, two owners of scopes, and three who use them; the last is not registered. */
export const [OPERATOR, OWNER, OTHER_OWNER, CONSUMER, SUPPLIER, CUSTOMER, STRANGER] = [
  '310000000',
  '310001376',
  '310002747',
  '310004111',
  '310005487',
  '310006858',
  '310008222',
] as const;

/** Another issuer whose delegations stand in the own register, and a service elsewhere. */
export const NEIGHBOUR = 'https://neighbour.example.no/';
export const ELSEWHERE = 'https://delegering.example.no/';

/** A certificate as both sides know it; on the wire it is its name. */
export type SimulatedCertificate = {
  readonly organization: string;
  readonly key: string;
  readonly amr: 'virksomhetssertifikat' | 'QCForESeal';
  readonly notAfter: number;
};

export const CERTIFICATES: Readonly<Record<string, SimulatedCertificate>> = {
  seal: { organization: SUPPLIER, key: 'k-seal', amr: 'QCForESeal', notAfter: BEGINNING + 86_400 },
  enterprise: { organization: SUPPLIER, key: 'k-enterprise', amr: 'virksomhetssertifikat', notAfter: BEGINNING + 86_400 },
  ending: { organization: SUPPLIER, key: 'k-ending', amr: 'virksomhetssertifikat', notAfter: BEGINNING + 900 },
  others: { organization: CUSTOMER, key: 'k-others', amr: 'virksomhetssertifikat', notAfter: BEGINNING + 86_400 },
};

/** What is registered when a schedule begins, and how the server is set. */
export type World = {
  readonly settings: TokenSettings;
  /** Who answers for system users and consents. */
  readonly details: 'local' | 'elsewhere' | 'off';
  readonly organizations: readonly Organization[];
  readonly scopes: readonly Scope[];
  readonly clients: readonly Client[];
  readonly accesses: readonly Access[];
  readonly sources: readonly Source[];
  readonly systems: readonly System[];
};

const TIMES = { created: BEGINNING - 1_000, lastUpdated: BEGINNING - 1_000 };

/** Whom each client is of, and whom it acts for. */
export const CLIENTS = {
  own: { orgno: CONSUMER },
  supplying: { orgno: SUPPLIER },
  sealed: { orgno: SUPPLIER },
  made: { orgno: CUSTOMER, supplierOrgno: SUPPLIER },
} as const;

export const SCOPES = ['prove:open', 'prove:closed', 'prove:delegated', 'other:neighbour', 'other:elsewhere'] as const;

/** A world by chance: always the same names, never the same settings. */
export function worldOf(next: Chance): World {
  return {
    settings: settingsOf(next),
    details: pick(['local', 'local', 'elsewhere', 'off'], next),
    organizations: [OPERATOR, OWNER, OTHER_OWNER, CONSUMER, SUPPLIER, CUSTOMER].map((orgno) => ({
      ...{ orgno, name: orgno, active: next(60) > 0 || orgno === OPERATOR, ...TIMES },
      adminScopes: orgno === OPERATOR ? ['portvakt:operator'] : orgno === CONSUMER ? ['portvakt:delegations.write'] : [],
    })),
    scopes: SCOPES.map((name) => scopeOf(name, next)),
    clients: (Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]).map((id) => clientOf(id, next)),
    accesses: SCOPES.flatMap((scope) =>
      [CONSUMER, SUPPLIER, CUSTOMER].flatMap((consumerOrgno) =>
        next(6) === 0 ? [] : [{ scope, consumerOrgno, state: next(6) > 0 ? 'APPROVED' : 'DENIED', ...TIMES }],
      ),
    ),
    sources: [
      { name: 'neighbour', issuer: NEIGHBOUR, active: next(12) > 0, kind: 'local', ...TIMES },
      {
        ...{ name: 'elsewhere', issuer: ELSEWHERE, active: next(12) > 0, kind: 'altinn', ...TIMES },
        ...{ baseUrl: ELSEWHERE, clientId: 'portvakt', keyName: 'elsewhere', cacheSeconds: 0, timeoutMs: 1_000 },
      },
    ],
    systems: [
      { systemId: `${SUPPLIER}_books`, vendorOrgno: SUPPLIER, name: 'books', clientIds: ['supplying'], active: true, ...TIMES },
    ],
  };
}

function settingsOf(next: Chance): TokenSettings {
  const seldom = () => next(5) === 0;
  return {
    issuer: ISSUER,
    ...(seldom() && { iatMaxAge: 10 }),
    expLeeway: seldom() ? 5 : 0,
    requireJti: seldom(),
    kidWinsOverX5c: seldom(),
    uniformErrors: false,
    explainsToAll: false,
    unspecifiedAudience: seldom(),
    maxTokenLifetime: seldom() ? 600 : 3_600,
    onBehalfOf: next(2) === 0,
    integrationTypes: seldom() ? ['maskinporten', 'api_klient'] : ['maskinporten'],
    signingAlgorithms: seldom() ? ['ES256', 'RS256'] : ['RS256'],
  };
}

const SOURCES: Readonly<Record<string, string>> = {
  'prove:delegated': ISSUER,
  'other:neighbour': NEIGHBOUR,
  'other:elsewhere': ELSEWHERE,
};

function scopeOf(name: string, next: Chance): Scope {
  const [prefix = '', subscope = ''] = name.split(':');
  const delegationSource = SOURCES[name];
  return {
    ...{ name, prefix, subscope, ownerOrgno: prefix === 'prove' ? OWNER : OTHER_OWNER, details: {}, ...TIMES },
    active: next(30) > 0,
    accessibleForAll: name === 'prove:open' || next(6) === 0,
    allowedIntegrationTypes: next(24) === 0 ? ['api_klient'] : [],
    atMaxAge: pick([0, 0, 60, 300], next),
    ...(delegationSource !== undefined && { delegationSource }),
    ...(next(8) === 0 && { enforcedAudience: `https://${prefix}.example.no/` }),
    ...(next(24) === 0 && { requiresQualifiedSeal: true }),
    ...(next(20) === 0 && { signingAlgorithm: pick(['RS256', 'ES256'], next) }),
  };
}

function clientOf(clientId: keyof typeof CLIENTS, next: Chance): Client {
  return {
    ...{ clientId, name: clientId, ...CLIENTS[clientId], details: {}, ...TIMES },
    active: next(50) > 0,
    ...(next(50) === 0 && { blocked: 'by chance' }),
    integrationType: next(30) === 0 ? 'api_klient' : 'maskinporten',
    scopes: SCOPES.filter(() => next(6) > 0),
    accessTokenLifetime: pick([0, 30, 300, 7_200], next),
    keys: clientId === 'sealed' ? [] : keysOf(clientId, next),
  };
}

function keysOf(clientId: string, next: Chance): RegisteredKey[] {
  const first = keyOf(`k-${clientId}`, BEGINNING + pick([300, 3_000, ...Array(8).fill(1_000_000)], next));
  const second = { ...keyOf(`k-${clientId}-2`, BEGINNING + 1_000_000), ...(next(2) === 0 && { alg: 'RS512' }) };
  return [first, ...(next(2) === 0 ? [second] : [])];
}

/** A registered key that is named after itself. A name with the name of a certificate behind a colon is bound to that. */
export function keyOf(kid: string, expires: number): RegisteredKey {
  const [, certificate] = kid.split(':');
  const x5c = certificate === undefined ? {} : { x5c: [base64(certificate)] };
  return { kid, jwk: { kty: 'RSA', n: kid }, thumbprint: kid, expires, ...x5c, ...TIMES };
}

/** A certificate as it stands in `x5c`. */
export function base64(certificate: string): string {
  return Buffer.from(certificate).toString('base64');
}
