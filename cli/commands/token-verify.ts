import type { Command } from 'commander';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose';
import { parseOrganizationNumber, party } from '../../server/core/organization.ts';
import { SIGNING_ALGORITHMS } from '../../server/core/signing-algorithm.ts';
import { ORGNO_FORMS } from '../api-options.ts';
import { jwtView } from '../describe-jwt.ts';
import { clockOf, findDevServer } from '../dev-server.ts';
import { Failure } from '../failure.ts';
import { issuerOption } from '../grant-options.ts';
import { document } from '../help.ts';
import { readJws } from '../input.ts';
import { discover, type Metadata } from '../issuer.ts';
import { isRecord } from '../json.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt token verify`: what an API does with a token before it answers. */
export function define(command: Command): void {
  command
    .description("Verifies a token as an API does: signature with the issuer's keys, issuer, times, and what else you ask for.")
    .argument('[token]', 'the token, a file that holds it, or - for standard input', '-')
    .addOption(issuerOption().makeOptionMandatory())
    .option(
      '--scope <scope>',
      'scope that the token must have; may be repeated',
      (scope, before: string[]) => [...before, scope],
      [],
    )
    .option('--audience <uri>', 'audience that the token must name')
    .option('--consumer <orgno>', 'organisation that the token must be for')
    .action(async (token: string, options: VerifyOptions) => verify(token, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'a token that was just fetched',
        run: 'portvakt token get --client demo-consumer --scope prove:bygg.read -q |\n  portvakt token verify - --issuer http://localhost:7300/',
      },
      {
        does: 'as the API behind a scope asks for it',
        run: 'portvakt token verify token.jwt --issuer http://localhost:7300/ \\\n  --scope prove:bygg.read --consumer 310555037',
      },
    ],
    seeAlso: ['portvakt token inspect', 'docs/how-to/verify.md'],
  });
}

type VerifyOptions = {
  readonly issuer: string;
  readonly scope: readonly string[];
  readonly audience?: string;
  readonly consumer?: string;
};

async function verify(argument: string, options: VerifyOptions, terminal: Terminal): Promise<void> {
  const consumer = options.consumer === undefined ? undefined : organization(options.consumer);
  const token = await readJws(argument);
  const metadata = await discover(options.issuer, terminal);
  const { protectedHeader, payload } = await check(token, metadata, { ...options, timeout: terminal.options.timeout });
  assertScopes(payload, options.scope);
  if (consumer !== undefined) assertConsumer(payload, consumer);
  await terminal.answer(
    { verified: true, header: protectedHeader, claims: payload },
    jwtView(terminal.options, ({ green }) => green('verified')),
  );
}

function organization(text: string): string {
  const orgno = parseOrganizationNumber(text);
  if (orgno === undefined) throw new Failure('invalid', `--consumer must be ${ORGNO_FORMS}`);
  return party(orgno).ID;
}

async function check(
  token: string,
  { issuer, jwks_uri }: Metadata,
  { audience, timeout }: { readonly audience?: string; readonly timeout: number },
): Promise<JWTVerifyResult> {
  const now = clockOf(await findDevServer(issuer))();
  try {
    return await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: timeout * 1000 }), {
      issuer,
      algorithms: [...SIGNING_ALGORITHMS],
      requiredClaims: ['exp', 'iat', 'scope', 'consumer'],
      currentDate: new Date(now * 1000),
      ...(audience !== undefined && { audience }),
    });
  } catch (error) {
    throw notVerified(error, jwks_uri);
  }
}

function notVerified(error: unknown, jwksUri: string): unknown {
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC') {
    return new Failure('unreachable', `the keys at ${jwksUri} cannot be fetched`, { retryable: true, cause: error });
  }
  const claim = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired ? error.claim : undefined;
  return no(error.message, { ...(claim !== undefined && { path: `token.payload.${claim}` }), cause: error });
}

function no(reason: string, { path, ...facts }: { path?: string; expected?: string; got?: string; cause?: unknown }): Failure {
  const { expected, got, cause } = facts;
  const details =
    path === undefined ? [] : [{ path, ...(expected !== undefined && { expected }), ...(got !== undefined && { got }) }];
  return new Failure('refused', `the token does not verify: ${reason}`, { details, cause });
}

function assertScopes({ scope }: JWTPayload, wanted: readonly string[]): void {
  const held = typeof scope === 'string' ? scope.split(' ') : [];
  const missing = wanted.filter((name) => !held.includes(name));
  if (missing.length === 0) return;
  throw no('it lacks a scope', { path: 'token.payload.scope', expected: missing.join(' '), got: held.join(' ') });
}

function assertConsumer({ consumer }: JWTPayload, expected: string): void {
  const got = isRecord(consumer) ? String(consumer.ID) : 'none';
  if (got !== expected) throw no('it is for another organisation', { path: 'token.payload.consumer', expected, got });
}
