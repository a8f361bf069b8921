import type { Command } from 'commander';
import { type ApiClient, openApi } from '../api-client.ts';
import { readOrgno, several } from '../api-options.ts';
import { EXPLAIN } from '../api-scopes.ts';
import { type Explanation, explanation as explanationShape } from '../api-shapes.ts';
import { signAssertion } from '../assertion.ts';
import { type CredentialOptions, readCredential } from '../credential.ts';
import { assertWouldIssue, explanationView } from '../explanation-view.ts';
import { Failure } from '../failure.ts';
import { findClient } from '../find-client.ts';
import { credentialOptions } from '../grant-options.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt client test` */
export function define(command: Command): void {
  command
    .description(
      'Runs every check of the token endpoint for a client, and says which fail. Nothing is spent, no token is issued.',
    )
    .argument('<client>', 'name or id')
    .option('--scope <scope>', 'scopes to ask for; default: all of the client', several)
    .option('--for, --consumer-org <orgno>', 'organisation to act for')
    .option('--resource <uri>', 'API that the token is for; may be repeated', several);
  for (const option of credentialOptions()) command.addOption(option);
  command.action(async (client: string, options: TestOptions) => test(client, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'with what is registered alone', run: 'portvakt client test demo-consumer --scope prove:bygg.read' },
      {
        does: 'with an assertion signed by its key',
        run: 'portvakt client test bygg-uttrekk --key ./bygg.pem',
      },
    ],
    seeAlso: ['portvakt assertion explain', 'portvakt token get', 'portvakt explain'],
  });
}

type TestOptions = CredentialOptions & {
  readonly scope?: readonly string[];
  readonly consumerOrg?: string;
  readonly resource?: readonly string[];
};

async function test(nameOrId: string, options: TestOptions, terminal: Terminal): Promise<void> {
  const consumerOrg = options.consumerOrg === undefined ? undefined : readOrgno(options.consumerOrg);
  const api = await openApi(terminal);
  const { client_id, client_name, scopes } = (await findClient(api, nameOrId)).object;
  const asked = options.scope ?? scopes;
  if (asked.length === 0) throw new Failure('usage', `${client_name} has no scopes`, { fix: 'name some with --scope' });
  const signs = options.key !== undefined || options.p12 !== undefined;
  const claims = {
    scope: asked.join(' '),
    ...(consumerOrg !== undefined && { consumerOrg }),
    ...(options.resource && { resource: options.resource }),
  };
  const body = signs
    ? { assertion: await sign(api, { ...claims, clientId: client_id }, options) }
    : simulation(client_id, claims);
  const { object } = await api.query('/explanations', { body, scopes: EXPLAIN, shape: explanationShape });
  await tell(object, terminal);
  terminal.next(
    signs
      ? `portvakt token get --client-id ${client_id} --key FILE --scope ${asked[0]}`
      : `portvakt client test ${client_name} --key FILE`,
  );
}

type Claims = { readonly scope: string; readonly consumerOrg?: string; readonly resource?: readonly string[] };

function simulation(clientId: string, { scope, consumerOrg, resource }: Claims): object {
  return {
    client_id: clientId,
    scope,
    ...(consumerOrg !== undefined && { consumer_org: consumerOrg }),
    ...(resource && { resource }),
  };
}

async function sign(api: ApiClient, claims: Claims & { readonly clientId: string }, options: CredentialOptions): Promise<string> {
  const { issuer, clock } = await api.tokens.login();
  const credential = await readCredential(options, api.terminal);
  return signAssertion({ ...claims, issuer, lifetime: 60 }, credential, clock());
}

/** Shows the explanation; a refusal ends the command with 9. */
async function tell(explanation: Explanation, terminal: Terminal): Promise<void> {
  await terminal.answer(explanation, explanationView);
  assertWouldIssue(explanation);
}
