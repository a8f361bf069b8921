import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';
import { CLIENT_ID, type PeerTask, RESOURCE, SCOPE } from './peer-task.ts';

/**
 * A vanilla oidc-provider that issues JWT access tokens for client_credentials, the client authenticated by private_key_jwt
 * (OpenID Connect Core §9): every default, its store in memory, but for what these need.
 */
export function startOidcProvider({ issuer, port, signingKey, clientKey }: PeerTask): Server {
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...signingKey, kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'benchmark' }] },
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'private_key_jwt',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        jwks: { keys: [{ ...clientKey, kty: 'RSA', use: 'sig', alg: 'RS256', kid: CLIENT_ID }] },
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          ...{ scope: SCOPE, audience: RESOURCE, accessTokenFormat: 'jwt', accessTokenTTL: 120 },
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  return createServer(provider.callback()).listen(port, '127.0.0.1');
}
