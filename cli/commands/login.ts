import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { decodeJwt } from 'jose';
import type { AdminScope } from '../../server/core/admin-scopes.ts';
import { AdminTokens, findAdminScopes } from '../admin-token.ts';
import { type Auth, type Context, contextFilePath, readContexts, writeContexts } from '../context-file.ts';
import type { CredentialOptions } from '../credential.ts';
import { Failure } from '../failure.ts';
import { clientOptions } from '../grant-options.ts';
import { document } from '../help.ts';
import { DEV_ISSUER, discover } from '../issuer.ts';
import { isRecord } from '../json.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt login`: makes a context, or makes it anew, and tries it. */
export function define(command: Command): void {
  command
    .description('Makes a context: a server, and as whom to use it. It is tried with a token before it is kept.')
    .addOption(
      new Option('--server <url>', 'the server, by the name that it calls itself').env('PORTVAKT_ISSUER').default(DEV_ISSUER),
    )
    .option('--name <name>', 'name of the context; default: the client of the dev server, else the host')
    .option('--protected', 'ask before every change, and for the name of the context before what takes away');
  for (const option of clientOptions()) command.addOption(option);
  command
    .option('--password-env <name>', 'environment variable with the password of the key file')
    .option('--password-command <command>', 'command that prints the password of the key file')
    .action(async (options: LoginOptions) => login(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'as a client of the running dev server', run: 'portvakt login --client demo-owner-admin' },
      {
        does: 'with a key of your own',
        run: 'portvakt login --server http://localhost:7300/ --name own \\\n  --client-id 7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44 --key ./bygg.pem',
      },
    ],
    seeAlso: ['portvakt whoami', 'portvakt context', 'portvakt help contexts'],
  });
}

type LoginOptions = CredentialOptions & {
  readonly server: string;
  readonly name?: string;
  readonly protected?: boolean;
  readonly client?: string;
  readonly clientId?: string;
};

type LoggedIn = {
  readonly context: string;
  readonly server: string;
  readonly org: string | null;
  readonly client_id: string;
  readonly scopes: readonly AdminScope[];
};

async function login(options: LoginOptions, terminal: Terminal): Promise<void> {
  const auth = authOf(options);
  const { issuer } = await discover(options.server, terminal);
  const name = options.name ?? (auth.type === 'dev' ? auth.client : new URL(issuer).host);
  const tokens = new AdminTokens({ name, server: issuer, auth }, terminal);
  const { clientId } = await tokens.login();
  const { scopes, token } = await findAdminScopes(tokens);
  const org = token && consumerOf(token.access_token);
  await keep(name, {
    server: issuer,
    ...(org !== undefined && { org }),
    auth,
    scopes: [...scopes],
    ...(options.protected && { protected: true }),
  });
  terminal.say(`context ${name} is kept in ${contextFilePath()}, and is the current one`);
  if (scopes.length === 0) terminal.warn('the client has no admin scope: it can get tokens, and administer nothing');
  await terminal.answer({ context: name, server: issuer, org: org ?? null, client_id: clientId, scopes }, view);
  terminal.next('portvakt whoami');
}

/** How to log in, as flags say it; names of files are made absolute, because the context is used from anywhere. */
function authOf(options: LoginOptions): Auth {
  const { client, clientId, key, cert, p12, kid, passwordFile, passwordEnv, passwordCommand } = options;
  if (client !== undefined) return { type: 'dev', client };
  if (clientId === undefined) throw missing('the client', '--client-id ID, or --client NAME for one of the dev server');
  if (key === undefined && p12 === undefined) throw missing('the key', '--key FILE or --p12 FILE');
  const secret = {
    ...(passwordFile !== undefined && { password_file: resolve(passwordFile) }),
    ...(passwordEnv !== undefined && { password_env: passwordEnv }),
    ...(passwordCommand !== undefined && { password_command: passwordCommand }),
  };
  const files = { ...(key !== undefined && { key_file: resolve(key) }), ...(cert !== undefined && { cert_file: resolve(cert) }) };
  if (p12 !== undefined) return { type: 'certificate', client_id: clientId, p12_file: resolve(p12), ...secret };
  if (cert !== undefined) return { type: 'certificate', client_id: clientId, ...files, ...secret };
  return { type: 'key', client_id: clientId, key_file: resolve(key ?? ''), ...(kid !== undefined && { kid }), ...secret };
}

function missing(what: string, flag: string): Failure {
  return new Failure('usage', `${what} is not named`, { fix: `give ${flag}` });
}

/** The organisation that the token is for. Contract §2.3 */
function consumerOf(accessToken: string): string | undefined {
  const { consumer } = decodeJwt(accessToken);
  return isRecord(consumer) && typeof consumer.ID === 'string' ? consumer.ID.replace(/^0192:/, '') : undefined;
}

/** A context that was protected stays so until it is told otherwise: `context set`. */
async function keep(name: string, context: Context): Promise<void> {
  const { contexts } = await readContexts();
  const before = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  await writeContexts({
    current: name,
    contexts: { ...contexts, [name]: { ...(before?.protected && { protected: true }), ...context } },
  });
}

const view: View<LoggedIn> = {
  fields: [{ name: 'context' }, { name: 'server' }, { name: 'org' }, { name: 'client_id' }, { name: 'scopes' }],
  name: ({ context }) => `context/${context}`,
};
