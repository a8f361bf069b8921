import { type Command, Option } from 'commander';
import { isPersonNumber, parseOrganizationNumber } from '../server/core/organization.ts';
import { parseScopes } from '../server/core/scope.ts';
import { ORGNO_FORMS } from './api-options.ts';
import type { AssertionRequest } from './assertion.ts';
import type { CredentialOptions } from './credential.ts';
import { Failure } from './failure.ts';
import { readInput } from './input.ts';
import { parseJson } from './json.ts';

/** The flags by which a client says who it is and what it asks for; `token get` and `assertion create` take the same. */
export type GrantOptions = CredentialOptions & {
  readonly client?: string;
  readonly clientId?: string;
  readonly issuer?: string;
  readonly scope?: readonly string[];
  readonly resource?: readonly string[];
  readonly pid?: string;
  readonly consumerOrg?: string;
  readonly authorizationDetails?: string;
  readonly lifetime: number;
  readonly jti?: string;
};

/** Adds the flags of {@link GrantOptions}. */
export function addGrantOptions(command: Command): Command {
  for (const option of [...clientOptions(), issuerOption().helpGroup(WHO), ...whatOptions()]) command.addOption(option);
  return command;
}

/** The flags that say who asks: a client, and what it signs with. */
export function clientOptions(): readonly Option[] {
  return [
    new Option('--client <name>', "a client of the running dev server, with that client's key"),
    new Option('--client-id <id>', 'a client by its id'),
    ...credentialOptions(),
  ].map((option) => option.helpGroup(WHO));
}

/** The flags that say what a client signs with. */
export function credentialOptions(): readonly Option[] {
  return [
    new Option('--key <file>', 'private key, PEM or JWK'),
    new Option('--kid <kid>', 'name of the registered key; default: from FILE.pub.jwk, else the thumbprint'),
    new Option('--cert <file>', 'PEM certificate chain that goes with --key').conflicts('kid'),
    new Option('--p12 <file>', 'PKCS#12 file with key and certificate').conflicts(['key', 'cert', 'kid']),
    new Option('--password-file <file>', 'file with the password of the key file'),
  ].map((option) => option.helpGroup(WHO));
}

const WHO = 'Who asks, and whom:';

/** `--issuer`, also from the environment. */
export function issuerOption(): Option {
  return new Option('--issuer <url>', 'the token server; with --client http://localhost:7300/ unless told').env(
    'PORTVAKT_ISSUER',
  );
}

function whatOptions(): readonly Option[] {
  return [
    repeatable('--scope <scope>', 'scope asked for; may be repeated'),
    repeatable('--resource <uri>', 'API that the token is for; may be repeated'),
    new Option('--pid <number>', 'national identity number of a person'),
    new Option('--for, --consumer-org <orgno>', 'organisation to act for'),
    new Option('--authorization-details <json>', 'RFC 9396 details, as JSON or a file with it'),
    new Option('--lifetime <seconds>', 'life of the assertion').argParser(Number).default(60),
    new Option('--jti <id>', 'identifier of the assertion; default: a random one'),
  ].map((option) => option.helpGroup('What is asked for:'));
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before?: readonly string[]) => [...(before ?? []), value]);
}

/**
 * Reads what is asked for. Numbers and scopes are checked before anything is sent or signed.
 * @throws {Failure} naming the flag
 */
export async function readRequest(
  options: GrantOptions,
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
): Promise<AssertionRequest> {
  const { resource, pid, lifetime, jti, authorizationDetails } = options;
  if (pid !== undefined && !isPersonNumber(pid)) throw wrong('--pid', 'eleven digits with valid control digits');
  if (!Number.isSafeInteger(lifetime) || lifetime < 1) throw wrong('--lifetime', 'a number of seconds, at most 120');
  return {
    issuer,
    clientId,
    scope: scope(options),
    lifetime,
    ...(resource && { resource }),
    ...(pid !== undefined && { pid }),
    ...(options.consumerOrg !== undefined && { consumerOrg: organization(options.consumerOrg) }),
    ...(authorizationDetails !== undefined && { authorizationDetails: await details(authorizationDetails) }),
    ...(jti !== undefined && { jti }),
  };
}

function scope({ scope = [] }: GrantOptions): string {
  const scopes = parseScopes(scope.join(' '));
  if (!scopes) throw wrong('--scope', 'scopes such as prove:bygg.read, each once');
  if (scopes.length === 0)
    throw new Failure('usage', 'no scope is asked for', { fix: 'add --scope, such as --scope prove:bygg.read' });
  return scopes.join(' ');
}

function organization(text: string): string {
  const orgno = parseOrganizationNumber(text);
  if (orgno === undefined) throw wrong('--consumer-org', ORGNO_FORMS);
  return orgno;
}

async function details(text: string): Promise<unknown> {
  const value = parseJson(/^\s*[[{]/.test(text) ? text : await readInput(text));
  if (value === undefined) throw wrong('--authorization-details', 'JSON, or the name of a file with it');
  return value;
}

function wrong(flag: string, expected: string): Failure {
  return new Failure('invalid', `${flag} must be ${expected}; nothing was sent`, { details: [{ path: flag, expected }] });
}
