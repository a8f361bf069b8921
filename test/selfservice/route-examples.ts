import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import type { Route } from '../../server/selfservice/route.ts';
import { adminOf, type Part } from './api.ts';

/** An object that a route speaks of. */
export type Example = {
  /** Whose it is. */
  readonly of: Part;
  /** Those for whom it must be as if it were not there. */
  readonly strangers: readonly Part[];
  /** Its address, and one at which nothing is. */
  readonly own: string;
  readonly missing: string;
  /** Bodies without which a request would be refused before the object is looked for. */
  readonly bodies?: Partial<Record<Route['method'], unknown>>;
};

const client = adminOf('consumer');
const { publicKey } = await makeKeyPair();
const KEY = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'admin-1' };
const ofConsumer = { of: 'consumer', strangers: ['owner', 'supplier', 'customer'] } as const;
const ofOwner = { of: 'owner', strangers: ['consumer', 'supplier', 'operator'] } as const;
const ofOperator = { of: 'operator', strangers: [] } as const;

const CLIENT = { client_name: 'x', description: 'x', scopes: [] };
const CUSTOMER = { onbehalfof: 'kunde', name: 'x', orgno: ORGANIZATIONS.customer.orgno, description: 'x' };

/** What the walk puts into the store. */
export const DELEGATION = 'de1e6a7e-0000-4000-8000-000310555037';
export const SOURCE = { name: 'register', issuer: 'https://register.example.no/', kind: 'local' } as const;
const source = (rest: string): Pick<Example, 'own' | 'missing'> => ({
  own: `/operator/sources/${SOURCE.name}${rest}`,
  missing: `/operator/sources/finnes-ikke${rest}`,
});

/** Of the consumer's admin client. */
export const REFUSAL = '0af7651916cd43dd8448eb211c80319c';

/** Of the supplier as vendor; its user, and a consent of the customer's, have the delegation's number. */
export const SYSTEM = `${ORGANIZATIONS.supplier.orgno}_fiskesystem`;
const ofVendor = { of: 'supplier', strangers: ['owner', 'consumer', 'customer', 'operator'] } as const;
const ofCustomer = { of: 'customer', strangers: ['owner', 'consumer', 'operator'] } as const;
const numbered = (path: string, rest: string): Pick<Example, 'own' | 'missing'> => ({
  own: `${path}/${DELEGATION}${rest}`,
  missing: `${path}/00000000-0000-4000-8000-000000000000${rest}`,
});

const scope = (path: string): Pick<Example, 'own' | 'missing'> => ({
  own: `${path}?scope=prove:bygg.read`,
  missing: `${path}?scope=prove:finnes.ikke`,
});
const beneath = (rest: string): Pick<Example, 'own' | 'missing'> => ({
  own: `/clients/${client}${rest}`,
  missing: `/clients/finnes-ikke${rest}`,
});

/** By path: an object for every route that speaks of one. */
export const examples: ReadonlyMap<string, Example> = new Map<string, Example>([
  ['/clients/{clientId}', { ...ofConsumer, ...beneath(''), bodies: { PUT: CLIENT } }],
  ['/clients/{clientId}/secret', { ...ofConsumer, ...beneath('/secret') }],
  ['/clients/{clientId}/jwks', { ...ofConsumer, ...beneath('/jwks'), bodies: { POST: { keys: [] }, PUT: { keys: [] } } }],
  ['/clients/{clientId}/jwks/{kid}', { ...ofConsumer, ...beneath('/jwks/admin-1'), bodies: { PUT: KEY } }],
  ['/clients/{clientId}/onbehalfof', { ...ofConsumer, ...beneath('/onbehalfof'), bodies: { POST: CUSTOMER } }],
  ['/clients/{clientId}/onbehalfof/{id}', { ...ofConsumer, ...beneath('/onbehalfof/kunde'), bodies: { PUT: CUSTOMER } }],
  ['/scopes', { ...ofOwner, ...scope('/scopes'), bodies: { PUT: { description: 'x' } } }],
  ['/scopes/scope', { ...ofOwner, ...scope('/scopes/scope') }],
  ['/scopes/access/{consumer_orgno}', { ...ofOwner, ...scope(`/scopes/access/${ORGANIZATIONS.consumer.orgno}`) }],
  [
    '/scopes/access/requests/{consumer_orgno}',
    {
      ...ofOwner,
      ...scope(`/scopes/access/requests/${ORGANIZATIONS.supplier.orgno}`),
      bodies: { POST: { decision: 'deny' } },
    },
  ],
  ['/explanations/{id}', { ...ofConsumer, own: `/explanations/${REFUSAL}`, missing: `/explanations/${'0'.repeat(32)}` }],
  ['/token-counts', { ...ofOwner, ...scope('/token-counts') }],
  [
    '/operator/organizations/{orgno}',
    {
      ...ofOperator,
      own: '/operator/organizations/310555037',
      missing: '/operator/organizations/310555088',
      bodies: { PUT: { name: 'x' } },
    },
  ],
  [
    '/operator/organizations/{orgno}/clients',
    {
      ...ofOperator,
      own: '/operator/organizations/310555037/clients',
      missing: '/operator/organizations/310555088/clients',
      bodies: { POST: CLIENT },
    },
  ],
  [
    '/operator/clients/{client_id}',
    {
      ...ofOperator,
      own: `/operator/clients/${client}`,
      missing: '/operator/clients/finnes-ikke',
      bodies: { PUT: { blocked: false } },
    },
  ],
  [
    '/delegations/{id}',
    {
      ...{ of: 'consumer', strangers: ['owner', 'customer', 'operator'] },
      ...numbered('/delegations', ''),
    },
  ],
  [
    '/delegations/check',
    {
      ...{ of: 'consumer', strangers: ['customer', 'operator'] },
      own: `/delegations/check?consumer_orgno=${ORGANIZATIONS.consumer.orgno}&supplier_orgno=${ORGANIZATIONS.supplier.orgno}&scope=prove:bygg.read`,
      missing: `/delegations/check?consumer_orgno=${ORGANIZATIONS.customer.orgno}&supplier_orgno=${ORGANIZATIONS.supplier.orgno}&scope=prove:bygg.read`,
    },
  ],
  [
    '/systems/{system_id}',
    { ...ofVendor, own: `/systems/${SYSTEM}`, missing: `/systems/${SYSTEM}x`, bodies: { PUT: { name: 'x' } } },
  ],
  ['/systemusers/{id}', { ...ofCustomer, ...numbered('/systemusers', '') }],
  ['/systemusers/{id}/approve', { ...ofCustomer, ...numbered('/systemusers', '/approve') }],
  ['/systemusers/{id}/revoke', { ...ofCustomer, ...numbered('/systemusers', '/revoke') }],
  ['/consents/{id}', { ...ofCustomer, ...numbered('/consents', '') }],
  ['/consents/{id}/revoke', { ...ofCustomer, ...numbered('/consents', '/revoke') }],
  ['/operator/sources/{name}', { ...ofOperator, ...source(''), bodies: { PUT: SOURCE } }],
  ['/operator/sources/{name}/test', { ...ofOperator, ...source('/test') }],
  ['/operator/prefixes/{prefix}', { ...ofOperator, own: '/operator/prefixes/prove', missing: '/operator/prefixes/finnes' }],
  [
    '/operator/trust/{id}/refresh',
    { ...ofOperator, own: '/operator/trust/x/refresh', missing: '/operator/trust/finnes-ikke/refresh' },
  ],
  [
    '/operator/trust/{id}',
    {
      ...ofOperator,
      own: '/operator/trust/x',
      missing: '/operator/trust/finnes-ikke',
      bodies: { PUT: { certificate: 'x', role: 'anchor' } },
    },
  ],
]);
