import { CONSENTS, GIVER } from '../../fixtures/made-up-acting.ts';
import { type Credentials, type MadeUpWorld, ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { makeKeyPair, makeTestCa } from '../../fixtures/test-ca.ts';
import { DAY } from '../../server/core/time.ts';
import { CLOSED, OWN } from './world.ts';

/** Who sends it: the organisation, its client that speaks for whoever consents, or the operator. */
export type Sender = 'member' | 'front' | 'operator';

/** A body that a route takes, and where it is sent. */
export type Sample = {
  readonly as: Sender;
  /** With its query, below the base. */
  readonly own: string;
  /** The same of somebody else, where there is such: nothing may be changed there. */
  readonly foreign?: string;
  /** @param number tells one that is made from the others. */
  readonly body: (number: number) => unknown;
};

const { consumer, supplier, customer, owner } = ORGANIZATIONS;
const PROVE = 'prove:bygg.read';

/** By method and path as they stand in the table of routes: a valid body for each that takes one. */
export async function samplesOf({ world, clients }: MadeUpWorld, now: number): Promise<ReadonlyMap<string, Sample>> {
  const [ca, { publicKey }] = await Promise.all([makeTestCa({ now }), makeKeyPair()]);
  const idOf = (name: string): string => clients.find((client) => client.name === name)?.clientId ?? '';
  const x5c = clients.find((client: Credentials) => client.name === 'demo-chain')?.x5c ?? [];
  const [own, foreign] = [`/clients/${idOf('demo-consumer')}`, `/clients/${idOf('demo-supplier')}`];
  const trusted = world.trust.find(({ role }) => role === 'intermediate');
  const key = (number: number) => ({ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: `k-${number}` });
  const client = (number: number) => ({
    ...{ client_name: `Klient ${number}`, description: 'En klient', scopes: [PROVE], access_token_lifetime: 60 },
    ...{ application_type: 'web', grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'], redirect_uris: [] },
    token_endpoint_auth_method: 'private_key_jwt',
  });
  const customerOf = (number: number) => ({ onbehalfof: `k-${number}`, name: 'Kunde', orgno: customer.orgno, description: 'x' });
  const consent = (number: number) => ({
    ...{ from: GIVER, to_orgno: consumer.orgno, valid_to: text(now + 30 * DAY + number) },
    consent_rights: [
      { action: ['consent'], resource: [{ type: 'urn:altinn:resource', value: 'x' }], metadata: { inntektsaar: '2025' } },
    ],
  });
  const trust = (certificate: string, role: string) => ({
    ...{ certificate, role, environment: 'test', profile: 'own-ca', organization_namespaces: [], crl_urls: [] },
    revocation: 'off',
  });
  const source = (name: string) => ({ kind: 'local', name, issuer: `https://${name}.example.no/`, active: true });
  const organization = (number: number) => ({ name: `Virksomhet ${number}`, active: true, admin_scopes: ['idporten:dcr.read'] });
  const member = { as: 'member' } as const;
  const operator = { as: 'operator' } as const;
  return new Map<string, Sample>([
    ['POST /clients', { ...member, own: '/clients', body: client }],
    ['PUT /clients/{clientId}', { ...member, own, foreign, body: client }],
    [
      'POST /clients/{clientId}/jwks',
      { ...member, own: `${own}/jwks`, foreign: `${foreign}/jwks`, body: (n) => ({ keys: [key(n)] }) },
    ],
    [
      'PUT /clients/{clientId}/jwks',
      { ...member, own: `${own}/jwks`, foreign: `${foreign}/jwks`, body: (n) => ({ keys: [key(n), key(n + 1)] }) },
    ],
    [
      'PUT /clients/{clientId}/jwks/{kid}',
      { ...member, own: `${own}/jwks/k`, foreign: `${foreign}/jwks/demo-supplier-1`, body: () => ({ ...key(0), kid: 'k' }) },
    ],
    ['POST /certificates/check', { ...member, own: '/certificates/check', body: () => ({ x5c }) }],
    [
      'POST /clients/{clientId}/onbehalfof',
      { ...member, own: `${own}/onbehalfof`, foreign: `${foreign}/onbehalfof`, body: customerOf },
    ],
    [
      'PUT /clients/{clientId}/onbehalfof/{id}',
      {
        ...{ ...member, own: `${own}/onbehalfof/${OWN.onBehalfOf}`, foreign: `${foreign}/onbehalfof/${OWN.onBehalfOf}` },
        body: (n) => ({ ...customerOf(n), onbehalfof: OWN.onBehalfOf }),
      },
    ],
    [
      'POST /scopes',
      {
        ...{ ...member, own: '/scopes' },
        body: (n) => ({ prefix: OWN.prefix, subscope: `les.${n}`, description: 'Lese', visibility: 'PUBLIC', at_max_age: 60 }),
      },
    ],
    [
      'PUT /scopes',
      {
        ...{ ...member, own: `/scopes?scope=${OWN.scope}`, foreign: `/scopes?scope=${PROVE}` },
        body: (n) => ({ description: `Lese ${n}`, allowed_integration_types: ['maskinporten'], accessible_for_all: true }),
      },
    ],
    [
      'POST /scopes/access/requests',
      { ...member, own: '/scopes/access/requests', body: (n) => ({ scope: CLOSED, reason: `Derfor ${n}` }) },
    ],
    [
      'POST /scopes/access/requests/{consumer_orgno}',
      {
        ...{ ...member, own: `/scopes/access/requests/${supplier.orgno}?scope=${OWN.scope}` },
        foreign: `/scopes/access/requests/${supplier.orgno}?scope=${PROVE}`,
        body: (n) => ({ decision: 'deny', reason: `Derfor ${n}` }),
      },
    ],
    [
      'POST /delegations',
      {
        ...{ ...member, own: '/delegations' },
        body: (n) => ({ supplier_orgno: customer.orgno, scopes: [PROVE], valid_to: text(now + DAY + n), reason: 'Derfor' }),
      },
    ],
    [
      'POST /systems',
      {
        ...{ ...member, own: '/systems' },
        body: (n) => ({
          system_id: `${consumer.orgno}_s${n}`,
          name: 'System',
          client_ids: [idOf('demo-consumer')],
          active: true,
        }),
      },
    ],
    [
      'PUT /systems/{system_id}',
      {
        ...{ ...member, own: `/systems/${OWN.system}`, foreign: `/systems/${supplier.orgno}_fiskesystem` },
        body: (n) => ({ name: `System ${n}`, client_ids: [], active: true }),
      },
    ],
    [
      'POST /systemusers',
      {
        ...{ ...member, own: '/systemusers' },
        body: (n) => ({ system_id: OWN.system, customer_orgno: customer.orgno, external_ref: `ref-${n}` }),
      },
    ],
    ['POST /consents', { as: 'front', own: '/consents', body: consent }],
    [
      'POST /consents/{id}/revoke',
      {
        ...{ ...member, own: `/consents/${OWN.consent}/revoke`, foreign: `/consents/${CONSENTS.forSomeoneElse}/revoke` },
        body: () => ({}),
      },
    ],
    [
      'POST /explanations',
      {
        ...member,
        own: '/explanations',
        body: () => ({ client_id: idOf('demo-consumer'), scope: PROVE, resource: ['https://x.no/'] }),
      },
    ],
    [
      'POST /operator/organizations',
      { ...operator, own: '/operator/organizations', body: (n) => ({ ...organization(n), orgno: organizationNumber(n) }) },
    ],
    [
      'PUT /operator/organizations/{orgno}',
      { ...operator, own: `/operator/organizations/${customer.orgno}`, body: organization },
    ],
    [
      'POST /operator/organizations/{orgno}/clients',
      {
        ...{ ...operator, own: `/operator/organizations/${supplier.orgno}/clients` },
        body: (n) => ({ ...client(n), scopes: [], jwks: { keys: [key(n)] } }),
      },
    ],
    [
      'PUT /operator/clients/{client_id}',
      { ...operator, own: `/operator/clients/${idOf('demo-disabled')}`, body: () => ({ blocked: true, reason: 'Derfor' }) },
    ],
    [
      'POST /operator/prefixes',
      { ...operator, own: '/operator/prefixes', body: (n) => ({ prefix: `p${n}`, owner_orgno: owner.orgno }) },
    ],
    ['POST /operator/trust', { ...operator, own: '/operator/trust', body: () => trust(ca.root.certificate.pem, 'anchor') }],
    [
      'PUT /operator/trust/{id}',
      {
        ...{ ...operator, own: `/operator/trust/${trusted?.id}` },
        body: () => trust(pem(trusted?.certificate ?? ''), 'intermediate'),
      },
    ],
    ['POST /operator/sources', { ...operator, own: '/operator/sources', body: (n) => source(`s-${n}`) }],
    ['PUT /operator/sources/{name}', { ...operator, own: '/operator/sources/register', body: () => source('register') }],
  ]);
}

/** A made-up organisation's number, with its check digit: of modulus 11, where there is one. */
export function organizationNumber(number: number): string {
  const body = `${31_100_000 + number}`;
  const sum = [3, 2, 7, 6, 5, 4, 3, 2].reduce((total, weight, place) => total + weight * Number(body[place]), 0);
  return `${body}${(11 - (sum % 11)) % 11}`.slice(0, 9);
}

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function text(moment: number): string {
  return new Date(Math.floor(moment) * 1000).toISOString();
}
