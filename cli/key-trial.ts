import { createPublicKey } from 'node:crypto';
import type { ApiClient } from './api-client.ts';
import type { Client } from './api-shapes.ts';
import { signAssertion } from './assertion.ts';
import { publicFileOf, readCredential } from './credential.ts';
import { Failure } from './failure.ts';
import { discover } from './issuer.ts';
import { isThere, type KeyFiles, type KeyWish, writePublicFile } from './key-files.ts';
import { toPublicJwk } from './public-key.ts';
import type { Terminal } from './terminal.ts';
import { requestToken } from './token-endpoint.ts';

/** The pair whose private key is in the file; the public file, which an interruption may have kept from being written, is made. */
export async function keyInFiles(out: string, { kid }: KeyWish, terminal: Terminal): Promise<KeyFiles> {
  const { key, header } = await readCredential({ key: out, ...(kid !== undefined && { kid }) }, terminal);
  const jwk = await toPublicJwk(createPublicKey(key), { alg: header.alg, ...('kid' in header && { kid: header.kid }) });
  const publicFile = publicFileOf(out);
  if (!(await isThere(publicFile))) await writePublicFile(publicFile, jwk);
  return { privateFile: out, publicFile, jwk };
}

/** A registered key that is to be tried. */
export type Trial = { readonly client: Client; readonly made: KeyFiles; readonly scope: string };

/** Codes of what a client may have, which is judged once it has proved who it is. user-experience §7 */
const AUTHORIZATION = /^(MP|PV)-2[0-9]{2}$/;

/**
 * Tries a key at the token endpoint. A client that is known by the key and then refused for what it may have has a sound key.
 * @throws {Failure} as the token endpoint refuses
 */
export async function tryKey(api: ApiClient, { client, made, scope }: Trial): Promise<void> {
  const { terminal } = api;
  const { issuer: wanted, clock } = await api.tokens.login();
  const { issuer, token_endpoint } = await discover(wanted, terminal);
  const credential = await readCredential({ key: made.privateFile, kid: made.jwk.kid }, terminal);
  const assertion = await signAssertion({ issuer, clientId: client.client_id, scope, lifetime: 60 }, credential, clock());
  try {
    await requestToken(token_endpoint, assertion, terminal);
  } catch (error) {
    if (!(error instanceof Failure) || !AUTHORIZATION.test(error.facts.code ?? '')) throw error;
    terminal.warn(`the client is known by the key, but gets no token: ${error.message}`);
  }
}
