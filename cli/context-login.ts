import { homedir } from 'node:os';
import { join } from 'node:path';
import type { EpochSeconds } from '../server/core/time.ts';
import { withSlash } from './context.ts';
import type { Auth, Context } from './context-file.ts';
import { type Credential, type CredentialOptions, readCredential } from './credential.ts';
import { credentialOf, findDevClient } from './dev-client.ts';
import { clockOf, type DevServer, findDevServer } from './dev-server.ts';
import { Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** As whom a context speaks. */
export type Login = {
  readonly issuer: string;
  readonly clientId: string;
  /** Opens the key file, and asks for its password where it must. */
  readonly credential: () => Promise<Credential>;
  /** The issuer's clock, as far as it is known. */
  readonly clock: () => EpochSeconds;
  /** The dev server that it speaks to, if it is one. */
  readonly world?: DevServer;
};

/** What the context logs in with. @throws {Failure} `unauthenticated` when it does not, `not-found` when its dev server has ended */
export async function loginOf({ server, auth }: Context, terminal: Terminal): Promise<Login> {
  if (!auth) {
    throw new Failure('unauthenticated', `nobody is logged in to ${server}`, {
      fix: `portvakt login --server ${server} --client-id ID --key FILE`,
    });
  }
  const issuer = withSlash(server);
  const world = await findDevServer(issuer);
  const { clientId, options } = auth.type === 'dev' ? await ofDev(auth.client, issuer, world) : ofFiles(auth);
  return {
    issuer,
    clientId,
    credential: () => readCredential(options, terminal),
    clock: clockOf(world),
    ...(world && { world }),
  };
}

type Signing = { readonly clientId: string; readonly options: CredentialOptions };

async function ofDev(name: string, issuer: string, world: DevServer | undefined): Promise<Signing> {
  if (!world) throw new Failure('not-found', `no dev server of yours runs as ${issuer}`, { fix: 'portvakt dev' });
  const client = await findDevClient(name, world);
  return { clientId: client.client_id, options: credentialOf(client, world) };
}

function ofFiles(auth: Exclude<Auth, { type: 'dev' }>): Signing {
  const { password_file, password_env, password_command, key_file } = auth;
  const { kid, p12_file, cert_file } =
    auth.type === 'key' ? { ...auth, p12_file: undefined, cert_file: undefined } : { ...auth, kid: undefined };
  const options = {
    ...(key_file !== undefined && { key: expand(key_file) }),
    ...(cert_file !== undefined && { cert: expand(cert_file) }),
    ...(p12_file !== undefined && { p12: expand(p12_file) }),
    ...(kid !== undefined && { kid }),
    ...(password_file !== undefined && { passwordFile: expand(password_file) }),
    ...(password_env !== undefined && { passwordEnv: password_env }),
    ...(password_command !== undefined && { passwordCommand: password_command }),
  };
  return { clientId: auth.client_id, options };
}

/** `~/` is the user's home, as a shell has it. */
function expand(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
