import { catalogue, isFaultCode } from '../server/core/catalogue.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { chooseContext, isAnonymous, withSlash } from './context.ts';
import { fixOfMissingDelegation } from './delegation-fix.ts';
import { findDevServer } from './dev-server.ts';
import type { ExitName } from './exit.ts';
import { Failure } from './failure.ts';
import { ask } from './http.ts';
import { isRecord } from './json.ts';
import type { Reply } from './reply.ts';
import type { Terminal } from './terminal.ts';

/** What the token endpoint answers. RFC 6749 §5.1 */
export type TokenResponse = {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
};

/**
 * Exchanges an assertion for an access token. RFC 7523 §2.1
 * @throws {Failure} `refused`, with cause and fix from the catalogue; `limited`; `unreachable` when it is safe to try again
 */
export async function requestToken(endpoint: string, assertion: string, terminal: Terminal): Promise<TokenResponse> {
  const form = new URLSearchParams({ grant_type: JWT_BEARER, assertion });
  const reply = await ask(endpoint, { method: 'POST', body: form }, terminal);
  if (reply.status === 200 && isTokenResponse(reply.body)) return reply.body;
  throw await refusal(endpoint, reply, terminal);
}

function isTokenResponse(body: unknown): body is TokenResponse {
  return isRecord(body) && typeof body.access_token === 'string' && typeof body.expires_in === 'number';
}

const TRACE_ID = / ?\(trace_id: ([0-9a-f]{32})\)$/;

async function refusal(endpoint: string, { status, headers, body }: Reply, terminal: Terminal): Promise<Failure> {
  if (!isRecord(body) || typeof body.error !== 'string') {
    return new Failure('unreachable', `${endpoint} answers ${status}, and not as a token endpoint does`);
  }
  const description = typeof body.error_description === 'string' ? body.error_description : body.error;
  const errorUri = typeof body.error_uri === 'string' ? body.error_uri : undefined;
  const code = errorUri?.slice(errorUri.lastIndexOf('/') + 1) ?? '';
  const entry = isFaultCode(code) ? catalogue[code] : undefined;
  const correlationId = TRACE_ID.exec(description)?.[1];
  const wait = headers.get('retry-after');
  return new Failure(exitOf(status), description.replace(TRACE_ID, ''), {
    oauthError: body.error,
    ...(entry && { code, reason: entry.cause, fix: fixOfMissingDelegation(description) ?? entry.fix }),
    ...(errorUri !== undefined && { errorUri }),
    ...(correlationId !== undefined && {
      correlationId,
      explained: exitOf(status) === 'refused' && (await mayExplain(endpoint, terminal)),
    }),
    ...(wait !== null && { details: [{ path: 'retry_after', got: `${wait} s` }] }),
    retryable: status === 429 || status === 503,
  });
}

/** Whether whoever calls can ask the server for the explanation: as the chosen context, or because it is a dev server of his. */
async function mayExplain(endpoint: string, terminal: Terminal): Promise<boolean> {
  const issuer = new URL('/', endpoint).href;
  if (await isAnonymous(terminal)) return (await findDevServer(issuer)) !== undefined;
  // Where contexts cannot be read, that is told by whoever needs one.
  const context = await chooseContext(terminal).catch(() => undefined);
  return context?.auth !== undefined && withSlash(context.server) === issuer;
}

function exitOf(status: number): ExitName {
  if (status === 429) return 'limited';
  if (status === 503) return 'unreachable';
  return status >= 500 ? 'unexpected' : 'refused';
}
