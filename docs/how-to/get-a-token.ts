import { randomUUID } from 'node:crypto';
import { type CryptoKey, type KeyObject, SignJWT } from 'jose';

/** A client with a registered key, and what it asks for. */
type Client = { issuer: string; clientId: string; kid: string; key: CryptoKey | KeyObject; scope: string };

/** Signs an assertion and exchanges it for an access token. Keep the token until shortly before it ends. */
export async function getToken({ issuer, clientId, kid, key, scope }: Client): Promise<string> {
  const assertion = await new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(clientId)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(key);
  const response = await fetch(new URL('token', issuer), {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
  });
  const answer = (await response.json()) as { access_token: string; error_description: string; error_uri: string };
  if (!response.ok) throw new Error(`${answer.error_description} ${answer.error_uri}`);
  return answer.access_token;
}
