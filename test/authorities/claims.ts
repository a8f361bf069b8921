import assert from 'node:assert/strict';
import { decodeJwt, type JWTPayload } from 'jose';
import type { AssertionOptions } from '../../fixtures/assertion.ts';
import type { TestServer } from '../token/server.ts';

/** The claims of the token that the client is issued. */
export async function claimsOf(server: TestServer, name: string, changes: Partial<AssertionOptions>): Promise<JWTPayload> {
  const { status, body, text } = await server.ask(await server.assertion(name, changes));
  assert.equal(status, 200, `${text} ${JSON.stringify(server.lines.at(-1))}`);
  return decodeJwt(String(body.access_token));
}
