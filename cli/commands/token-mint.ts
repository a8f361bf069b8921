import { type Command, Option } from 'commander';
import { parseScopes } from '../../server/core/scope.ts';
import { TOKEN_FAULTS, type TokenFault } from '../../server/core/token-fault.ts';
import { listDevClients } from '../dev-client.ts';
import { findDevServer } from '../dev-server.ts';
import { Failure } from '../failure.ts';
import { readGrant, signGrant } from '../grant.ts';
import { addGrantOptions, type GrantOptions } from '../grant-options.ts';
import { document } from '../help.ts';
import { DEV_ISSUER, discover } from '../issuer.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';
import { requestToken } from '../token-endpoint.ts';

/** `portvakt token mint`: a token with exactly one fault, from a development or test issuer, to test a verifier with. */
export function define(command: Command): void {
  addGrantOptions(command)
    .description('Mints a token with one fault, to test a verifier with; dev and test only.')
    .option('--consumer <orgno>', 'whom it is for: a client of that organisation asks')
    .option('--supplier <orgno>', 'who acts for the consumer: a client of that one asks')
    .action(async (options: MintOptions) => mint(options, Terminal.of(command)));
  for (const [name, what] of Object.entries(TOKEN_FAULTS))
    command.addOption(new Option(`--${name}`, what).helpGroup('One fault, or none for a sound token:'));
  document(command, {
    examples: [
      { does: 'a token that has ended', run: 'portvakt token mint --scope prove:bygg.read --expired' },
      {
        does: 'for a script, one that a stranger signed',
        run: 'TOKEN=$(portvakt token mint --client demo-consumer \\\n  --scope prove:bygg.read --wrong-signature -q)',
      },
      { does: 'a sound one, to compare with', run: 'portvakt token mint --scope prove:bygg.read -q' },
    ],
    seeAlso: ['portvakt token inspect', 'portvakt token verify', 'portvakt dev'],
  });
}

type MintOptions = GrantOptions & {
  readonly consumer?: string;
  readonly supplier?: string;
} & Readonly<Record<string, unknown>>;

/** A minted token, and what is wrong with it. */
type Minted = {
  readonly access_token: string;
  readonly scope: string;
  readonly issuer: string;
  readonly client_id: string;
  /** None in a sound one. */
  readonly fault: TokenFault | null;
  readonly meaning: string;
};

async function mint(options: MintOptions, terminal: Terminal): Promise<void> {
  const fault = theFault(options);
  const grant = await readGrant(await withClient(options), terminal);
  const { issuer } = await discover(grant.request.issuer, terminal);
  const address = new URL('mint', issuer);
  if (fault !== undefined) address.searchParams.set('fault', fault);
  const assertion = await signGrant({ ...grant, request: { ...grant.request, issuer } });
  const { access_token, scope } = await requestToken(address.href, assertion, terminal);
  const meaning = fault === undefined ? 'nothing is wrong with it' : TOKEN_FAULTS[fault];
  const minted = { access_token, scope, issuer, client_id: grant.request.clientId, fault: fault ?? null, meaning };
  await terminal.answer(minted, view(terminal.options.quiet === true));
  if (fault !== undefined) terminal.next('an API that answers this token has a hole');
}

/** @throws {Failure} for more than one: nobody could tell which was found */
function theFault(options: MintOptions): TokenFault | undefined {
  const named = (Object.keys(TOKEN_FAULTS) as TokenFault[]).filter((fault) => options[camelCase(fault)] === true);
  if (named.length > 1)
    throw new Failure('usage', `a token has one fault, and ${named.map((name) => `--${name}`).join(' and ')} are two`, {
      fix: 'mint one token for each',
    });
  return named[0];
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Where no client is named, one of the dev server's that has the scopes and is of the organisation that asks. */
async function withClient(options: MintOptions): Promise<GrantOptions> {
  const { consumer, supplier, client, clientId, issuer = DEV_ISSUER } = options;
  const acting = supplier !== undefined && consumer !== undefined ? { consumerOrg: consumer } : {};
  if (client !== undefined || clientId !== undefined) return { ...options, ...acting };
  const server = await findDevServer(issuer);
  if (!server) return { ...options, ...acting };
  const asked = parseScopes((options.scope ?? []).join(' ')) ?? [];
  const orgno = supplier ?? consumer;
  const fitting = (await listDevClients(server.data_dir)).find(
    (candidate) =>
      candidate.key_file !== undefined &&
      asked.every((scope) => candidate.scopes.includes(scope)) &&
      (orgno === undefined || candidate.client_orgno === orgno),
  );
  if (!fitting)
    throw new Failure('not-found', `no client of ${issuer} has these scopes${orgno === undefined ? '' : ` and is of ${orgno}`}`, {
      fix: 'name one with --client',
    });
  return { ...options, ...acting, issuer, client: fitting.client_id };
}

function view(bare: boolean): View<Minted> {
  return {
    fields: [
      { name: 'access_token' },
      { name: 'fault', text: ({ fault }) => fault ?? 'none' },
      { name: 'meaning' },
      { name: 'scope' },
      { name: 'issuer' },
      { name: 'client_id', wide: true },
    ],
    name: ({ access_token }) => access_token,
    ...(bare && { text: ({ access_token }) => `${access_token}\n` }),
  };
}
