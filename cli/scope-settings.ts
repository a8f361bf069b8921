import { type Command, InvalidArgumentError, Option } from 'commander';
import { INTEGRATION_TYPES } from '../server/core/scope.ts';
import { SIGNING_ALGORITHMS } from '../server/core/signing-algorithm.ts';
import { openPublicApi } from './api-client.ts';
import { several } from './api-options.ts';
import { PUBLIC } from './api-scopes.ts';
import { duration } from './duration.ts';
import { Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** What can be said of a scope, as flags say it. */
export type ScopeOptions = {
  readonly description?: string;
  readonly text?: Readonly<Record<string, string>>;
  readonly longDescription?: string;
  readonly visibility?: string;
  readonly open?: boolean;
  readonly delegable?: boolean;
  readonly delegationSource?: string;
  readonly maxAge?: number;
  readonly audience?: string;
  readonly integrationType?: readonly string[];
  readonly qualifiedSeal?: boolean;
  readonly signingAlg?: string;
};

/** Adds the flags of {@link ScopeOptions}. */
export function scopeOptions(command: Command): Command {
  const options = [
    new Option('--description <text>', 'what it opens, for those who look for it'),
    new Option('--text <lang=text>', 'the description in another language; may be repeated').argParser(inLanguage),
    new Option('--long-description <text>', 'more of it, as Markdown'),
    new Option('--visibility <who>', 'who finds it').choices(['public', 'private', 'internal']),
    new Option('--open', 'every organisation may use it'),
    new Option('--no-open', 'only organisations that were let in may use it'),
    new Option('--delegable', 'consumers may delegate it to suppliers, in the register of this server'),
    new Option('--no-delegable', 'nobody may delegate it'),
    new Option('--delegation-source <issuer>', 'consumers may delegate it in another register'),
    new Option('--max-age <time>', 'longest life of a token, such as 120s or 1h').argParser(duration),
    new Option('--audience <uri>', 'the aud of its tokens, whatever is asked for'),
    new Option('--integration-type <type>', `kinds of client that may use it: ${INTEGRATION_TYPES.join(', ')}`).argParser(
      several,
    ),
    new Option('--qualified-seal', 'only for clients that sign with a qualified certificate for seals'),
    new Option('--no-qualified-seal', 'for clients that sign with any key or certificate'),
    new Option('--signing-alg <alg>', "what its tokens are signed with, or issuer for the server's own choice").choices([
      ...SIGNING_ALGORITHMS,
      'issuer',
    ]),
  ];
  for (const option of options) command.addOption(option.helpGroup('What is said of it:'));
  return command;
}

/** The members of a scope that the flags name. @throws {Failure} when the server has no register of delegations */
export async function scopeMembers(options: ScopeOptions, terminal: Terminal): Promise<Readonly<Record<string, unknown>>> {
  const {
    description,
    text = {},
    longDescription,
    visibility,
    open,
    maxAge,
    audience,
    integrationType,
    qualifiedSeal,
    signingAlg,
  } = options;
  const source = await delegationSource(options, terminal);
  const texts = Object.entries(text).map(([language, words]) => [`description#${language}`, words]);
  const named = {
    description,
    ...Object.fromEntries(texts),
    long_description: longDescription,
    visibility: visibility?.toUpperCase(),
    accessible_for_all: open,
    delegation_source: source,
    at_max_age: maxAge,
    enforced_aud_for_access_token: audience,
    allowed_integration_types: integrationType,
    requires_qualified_seal: qualifiedSeal,
    access_token_signing_alg: signingAlg === 'issuer' ? '' : signingAlg,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

/** An empty one means that there is none. Contract §5.5.2 */
async function delegationSource({ delegable, delegationSource }: ScopeOptions, terminal: Terminal): Promise<string | undefined> {
  if (delegable === false) return '';
  if (delegationSource !== undefined || !delegable) return delegationSource;
  const api = await openPublicApi(terminal);
  const { z } = await import('zod');
  const { object } = await api.get('/delegationsources', z.array(z.looseObject({ issuer: z.string() })), PUBLIC);
  const own = object.find(({ issuer }) => issuer === api.server);
  if (own) return own.issuer;
  throw new Failure('invalid', `${api.server} keeps no register of delegations`, {
    fix: 'name another with --delegation-source',
  });
}

function inLanguage(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, language = '', words = ''] = /^([a-z]{2,3})=(.+)$/s.exec(text) ?? [];
  if (language === '') throw new InvalidArgumentError('It is a language, = and a text, such as "en=Read building cases".');
  return { ...before, [language]: words };
}
