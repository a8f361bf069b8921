import { z } from 'zod';
import type { Client } from '../core/client.ts';
import type { Registers } from '../core/ports.ts';
import { INTEGRATION_TYPES } from '../core/scope.ts';
import { DEFAULT_TOKEN_LIFETIME } from '../core/settings.ts';
import { JWT_BEARER } from '../core/token-request.ts';
import type { ClientWish } from '../registry/clients.ts';
import { jwkShape, keyToWire } from './jwk-wire.ts';
import { onBehalfOfShape, onBehalfOfToWire } from './on-behalf-of-wire.ts';
import { identifierShape, instant, instantShape, nameShape, orgnoShape, textShape } from './wire.ts';

const seconds = z.int().min(0, 'must be 0 or more').meta({ description: 'Seconds' });

const GRANT_TYPES = ['authorization_code', 'implicit', 'refresh_token', JWT_BEARER] as const;

/** With the short form that documentation prints, which is kept as the one that counts. Contract §5.2.2 */
const grantTypeRequest = z
  .enum([...GRANT_TYPES, 'jwt_bearer_token'])
  .transform((type) => (type === 'jwt_bearer_token' ? JWT_BEARER : type));

/** Members that no rule here reads: kept and shown, so that a client can be read and written back. Contract §5.2.2 */
const kept = {
  description: textShape.min(1, 'must not be empty'),
  application_type: z.enum(['web', 'browser', 'native']),
  grant_types: z.array(z.enum(GRANT_TYPES)),
  token_endpoint_auth_method: z.enum(['client_secret_post', 'client_secret_basic', 'private_key_jwt', 'none']),
  refresh_token_lifetime: seconds,
  refresh_token_usage: z.enum(['REUSE', 'ONETIME']),
  authorization_lifetime: seconds,
  logo_uri: textShape,
  client_uri: textShape,
  redirect_uris: z.array(textShape),
  post_logout_redirect_uris: z.array(textShape),
  frontchannel_logout_uri: textShape,
  frontchannel_logout_session_required: z.boolean(),
  sso_disabled: z.boolean(),
  code_challenge_method: z.enum(['none', 'S256']),
};

/** AddClientRequest and UpdateClientRequest. What else comes, such as a whole answer sent back, is ignored. Contract §5.2.2 */
export const clientRequestShape = z
  .object({
    client_id: identifierShape.exactOptional(),
    client_name: nameShape,
    client_orgno: orgnoShape.exactOptional(),
    supplier_orgno: orgnoShape.exactOptional(),
    active: z.boolean().default(true),
    integration_type: z.enum(INTEGRATION_TYPES).exactOptional(),
    scopes: z.array(z.string()).default([]),
    access_token_lifetime: seconds.default(0),
    description: kept.description,
    application_type: kept.application_type.default('web'),
    grant_types: z.array(grantTypeRequest).default([JWT_BEARER]),
    token_endpoint_auth_method: kept.token_endpoint_auth_method.default('private_key_jwt'),
    refresh_token_lifetime: seconds.default(600),
    refresh_token_usage: kept.refresh_token_usage.default('ONETIME'),
    authorization_lifetime: seconds.default(7200),
    logo_uri: kept.logo_uri.exactOptional(),
    client_uri: kept.client_uri.exactOptional(),
    redirect_uris: kept.redirect_uris.default([]),
    post_logout_redirect_uris: kept.post_logout_redirect_uris.default([]),
    frontchannel_logout_uri: kept.frontchannel_logout_uri.exactOptional(),
    frontchannel_logout_session_required: kept.frontchannel_logout_session_required.default(false),
    sso_disabled: kept.sso_disabled.default(false),
    code_challenge_method: kept.code_challenge_method.default('S256'),
  })
  .meta({ id: 'ClientRequest' });

/** ClientResponse. Contract §5.2.3 */
export const clientShape = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    client_orgno: orgnoShape,
    supplier_orgno: orgnoShape.exactOptional(),
    active: z.boolean(),
    created: instantShape,
    last_updated: instantShape,
    integration_type: z.enum(INTEGRATION_TYPES),
    scopes: z.array(z.string()),
    access_token_lifetime: seconds,
    ...z.object(kept).partial().shape,
    onbehalfof: z.array(onBehalfOfShape).exactOptional(),
    jwks: z.object({ keys: z.array(jwkShape) }).exactOptional(),
    jwks_uri: z.string().exactOptional(),
  })
  .meta({ id: 'Client' });

/** What the rules are told of a request. */
export function toClientWish(body: z.infer<typeof clientRequestShape>): ClientWish {
  const { client_id, client_name, client_orgno, supplier_orgno, active, ...rest } = body;
  const { integration_type, scopes, access_token_lifetime, ...details } = rest;
  return {
    ...(client_id !== undefined && { clientId: client_id }),
    ...(client_orgno !== undefined && { orgno: client_orgno }),
    ...(supplier_orgno !== undefined && { supplierOrgno: supplier_orgno }),
    ...(integration_type !== undefined && { integrationType: integration_type }),
    name: client_name,
    ...{ active, scopes, accessTokenLifetime: access_token_lifetime, details },
  };
}

/** The client as the API shows it; a life of tokens that was never set is shown as the default. Contract §2.5, §5.2.3 */
export async function clientToWire(client: Client, registers: Registers): Promise<object> {
  const { clientId, orgno, supplierOrgno, keys } = client;
  const customers = await registers.onBehalfOf.listOf(clientId);
  return {
    client_id: clientId,
    client_name: client.name,
    client_orgno: orgno,
    ...(supplierOrgno !== undefined && { supplier_orgno: supplierOrgno }),
    active: client.active,
    created: instant(client.created),
    last_updated: instant(client.lastUpdated),
    integration_type: client.integrationType,
    scopes: client.scopes,
    access_token_lifetime: client.accessTokenLifetime || DEFAULT_TOKEN_LIFETIME,
    ...client.details,
    ...(customers.length > 0 && {
      onbehalfof: await Promise.all(customers.map((customer) => onBehalfOfToWire(customer, registers))),
    }),
    ...(keys.length > 0 && { jwks: { keys: keys.map(keyToWire) }, jwks_uri: `/clients/${clientId}/jwks` }),
  };
}
