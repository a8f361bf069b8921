import type { EpochSeconds } from '../server/core/time.ts';
import { type AssertionRequest, signAssertion } from './assertion.ts';
import { type Credential, readCredential } from './credential.ts';
import { credentialOf, findDevClient } from './dev-client.ts';
import { clockOf, type DevServer, findDevServer, listDevServers } from './dev-server.ts';
import { Failure } from './failure.ts';
import { type GrantOptions, readRequest } from './grant-options.ts';
import { DEV_ISSUER } from './issuer.ts';
import type { Terminal } from './terminal.ts';

/** A request for a token that is ready to be signed. */
export type Grant = {
  readonly request: AssertionRequest;
  readonly credential: Credential;
  /** The issuer's clock, as far as it is known. */
  readonly clock: () => EpochSeconds;
  /** The dev server that it goes to, if it is one. */
  readonly server?: DevServer;
};

/** Works out from the flags who asks whom for what. @throws {Failure} naming the flag that is missing or wrong */
export async function readGrant(options: GrantOptions, terminal: Terminal): Promise<Grant> {
  const { client: name, issuer = name === undefined ? undefined : DEV_ISSUER } = options;
  if (issuer === undefined) throw missing('the token server', '--issuer URL');
  const server = await findDevServer(issuer);
  const client = name === undefined ? undefined : await findDevClient(name, server ?? (await noneRuns(issuer)));
  const clientId = client?.client_id ?? options.clientId;
  if (clientId === undefined) throw missing('the client', '--client NAME or --client-id ID');
  const ownKey = options.key !== undefined || options.p12 !== undefined;
  const signing = client && server && !ownKey ? credentialOf(client, server) : options;
  const request = await readRequest(options, { issuer, clientId });
  return { request, credential: await readCredential(signing, terminal), clock: clockOf(server), ...(server && { server }) };
}

/** The signed assertion of the grant, by the issuer's clock. */
export function signGrant({ request, credential, clock }: Grant): Promise<string> {
  return signAssertion(request, credential, clock());
}

function missing(what: string, flag: string): Failure {
  return new Failure('usage', `${what} is not named`, { fix: `give ${flag}` });
}

async function noneRuns(issuer: string): Promise<never> {
  const others = await listDevServers();
  const fix = others.length === 0 ? 'portvakt dev' : others.map((other) => `--issuer ${other.issuer}`).join('\n');
  throw new Failure('not-found', `no dev server of yours runs as ${issuer}`, { fix });
}
