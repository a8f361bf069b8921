import type { AssertionOptions } from '../../fixtures/assertion.ts';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { Connection } from '../../proving/connection.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';

/** A request to the self-service API. */
export type ApiRequest = {
  readonly method: string;
  /** Below the base, its query included. */
  readonly path: string;
  readonly token: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A whole HTTP message to the self-service API. */
export function apiRequest(issuer: string, { method, path, token, body = '', headers = {} }: ApiRequest): Buffer {
  const lines = [
    `${method} /api/v1${path} HTTP/1.1`,
    `Host: ${new URL(issuer).host}`,
    `Authorization: Bearer ${token}`,
    ...(body.length > 0 ? ['Content-Type: application/json'] : []),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}

/** An access token, asked for now. @throws {Error} with the answer, where none comes */
export async function accessToken(
  { issuer, port }: { readonly issuer: string; readonly port: number },
  order: Omit<AssertionOptions, 'audience' | 'now'>,
): Promise<string> {
  const assertion = await makeAssertion({ ...order, audience: issuer, now: Date.now() / 1000 });
  const connection = new Connection(port);
  try {
    const { body } = await connection.ask(tokenRequest(issuer, { grant_type: JWT_BEARER, assertion }));
    const { access_token } = JSON.parse(body) as { access_token?: string };
    if (access_token === undefined) throw new Error(`no access token: ${body}`);
    return access_token;
  } finally {
    connection.close();
  }
}
