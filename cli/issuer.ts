import { Failure } from './failure.ts';
import { ask } from './http.ts';
import { isRecord } from './json.ts';
import type { Terminal } from './terminal.ts';

/** The issuer of a dev server at the default port. */
export const DEV_ISSUER = 'http://localhost:7300/';

/** The members of the metadata document that the command line needs. RFC 8414 §2 */
export type Metadata = { readonly issuer: string; readonly token_endpoint: string; readonly jwks_uri: string };

/**
 * Reads the issuer's metadata document. An issuer written without its final slash is found, and spelled as it spells itself.
 * Contract §1.1, RFC 8414 §3
 * @throws {Failure} `unreachable`, or `config` when the document is another issuer's
 */
export async function discover(issuer: string, terminal: Terminal): Promise<Metadata> {
  if (!URL.canParse(issuer) || !/^https?:/.test(issuer)) {
    throw new Failure('usage', `"${issuer}" is not an address`, { fix: `an issuer looks like ${DEV_ISSUER}` });
  }
  const wanted = issuer.endsWith('/') ? issuer : `${issuer}/`;
  const address = new URL('.well-known/oauth-authorization-server', wanted).href;
  const { status, body } = await ask(address, {}, terminal);
  const metadata = isMetadata(body) ? body : undefined;
  if (status !== 200 || !metadata) {
    throw new Failure('unreachable', `${address} answers ${status}, and no metadata document`, {
      fix: 'the issuer is the address that the token server calls itself by; check it',
    });
  }
  if (metadata.issuer !== issuer && metadata.issuer !== wanted) {
    throw new Failure('config', `${address} is the document of another issuer, ${metadata.issuer}`, {
      fix: `--issuer ${metadata.issuer}, if that is the server you mean`,
    });
  }
  return metadata;
}

function isMetadata(body: unknown): body is Metadata {
  return isRecord(body) && ['issuer', 'token_endpoint', 'jwks_uri'].every((member) => typeof body[member] === 'string');
}
