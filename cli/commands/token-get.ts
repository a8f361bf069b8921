import type { Command } from 'commander';
import { toFailure } from '../failure.ts';
import { type Grant, readGrant, signGrant } from '../grant.ts';
import { addGrantOptions, type GrantOptions } from '../grant-options.ts';
import { document } from '../help.ts';
import { discover } from '../issuer.ts';
import { relative, rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';
import { cacheKey, type HeldToken, heldToken, holdToken } from '../token-cache.ts';
import { requestToken } from '../token-endpoint.ts';

/** `portvakt token get`: an assertion is signed and exchanged for an access token, or one that is still good is used again. */
export function define(command: Command): void {
  addGrantOptions(command)
    .description('Gets an access token: signs an assertion and exchanges it at the token endpoint.')
    .option('--no-cache', 'do not use a token fetched before, nor keep this one')
    .action(async (options: GetOptions) => get(options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'as a client of the running dev server',
        run: 'portvakt token get --client demo-consumer --scope prove:bygg.read',
      },
      {
        does: 'the bare token, for a script',
        run: 'TOKEN=$(portvakt token get --client demo-consumer \\\n  --scope prove:bygg.read -q)',
      },
      {
        does: 'with a key of your own, and for one API',
        run: 'portvakt token get --issuer http://localhost:7300/ --key ./bygg.pem \\\n  --client-id 7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44 \\\n  --scope prove:bygg.read --resource https://api.prove.example.no/bygg',
      },
    ],
    seeAlso: ['portvakt assertion create', 'portvakt token inspect', 'portvakt help exit-codes'],
  });
}

type GetOptions = GrantOptions & { readonly cache: boolean };

/** The token endpoint's answer, and what it was asked. */
type Token = {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly expires_at: string;
  readonly scope: string;
  readonly issuer: string;
  readonly client_id: string;
  /** Whether it was fetched by an earlier call. */
  readonly cached: boolean;
};

async function get(options: GetOptions, terminal: Terminal): Promise<void> {
  const grant = await readGrant(options, terminal);
  const key = cacheKey(identity(grant));
  const held = options.cache ? await heldToken(key, grant.clock()) : undefined;
  const token = held ?? (await fetchToken(grant, terminal));
  if (options.cache && !held) await keep(key, token, terminal);
  const { quiet, utc = false } = terminal.options;
  const now = grant.clock();
  const { issuer, clientId } = grant.request;
  const { access_token, token_type, scope, expires } = token;
  const at = { expires_in: Math.max(0, expires - now), expires_at: rfc3339(expires) };
  const answer = { access_token, token_type, ...at, scope, issuer, client_id: clientId, cached: held !== undefined };
  await terminal.answer(answer, view({ now, utc, bare: quiet === true }));
  terminal.next('portvakt token inspect -   shows what it says');
}

async function fetchToken(grant: Grant, terminal: Terminal): Promise<HeldToken> {
  const { issuer, token_endpoint } = await discover(grant.request.issuer, terminal);
  const asked = { ...grant, request: { ...grant.request, issuer } };
  const { expires_in, ...token } = await requestToken(token_endpoint, await signGrant(asked), terminal);
  return { ...token, expires: grant.clock() + expires_in };
}

/** A machine where nothing can be kept still gets its token. */
async function keep(key: string, token: HeldToken, terminal: Terminal): Promise<void> {
  try {
    await holdToken(key, token);
  } catch (error) {
    terminal.warn(`the token is not kept for later calls: ${toFailure(error).message}`);
  }
}

/** Everything that decides what the token says, and with which key it is asked for; a dev server's token dies with its world. */
function identity({ request, credential, server }: Grant): object {
  const { lifetime, jti, ...lasting } = request;
  return { ...lasting, header: credential.header, key: credential.key.export({ format: 'jwk' }).n, world: server?.data_dir };
}

function view({ now, utc, bare }: { readonly now: number; readonly utc: boolean; readonly bare: boolean }): View<Token> {
  return {
    fields: [
      { name: 'access_token' },
      { name: 'token_type', wide: true },
      { name: 'scope' },
      { name: 'expires_at', text: ({ expires_in }) => relative(now + expires_in, { now, utc }) },
      { name: 'expires_in', wide: true },
      { name: 'issuer' },
      { name: 'client_id' },
      { name: 'cached' },
    ],
    name: ({ access_token }) => access_token,
    ...(bare && { text: ({ access_token }) => `${access_token}\n` }),
  };
}
