import { z } from 'zod';
import { INTEGRATION_TYPES, isPrefix, type Scope } from '../core/scope.ts';
import { SIGNING_ALGORITHMS } from '../core/signing-algorithm.ts';
import { type ScopeSettings, scopeMembers } from '../registry/scopes.ts';
import { instant, instantShape } from './wire.ts';

const seconds = z.int('must be a whole number of seconds').min(0, 'must be 0 or more');
const text = z.string();

/** A text in another language, such as `description#en`. Contract §5.5.2 */
const LANGUAGE_MEMBER = /^(?:description|long_description)#[a-z]{2,3}$/;
const LANGUAGE_SCHEMA = { patternProperties: { [LANGUAGE_MEMBER.source]: { type: 'string' } } };

/** Members that are kept and shown, and that no rule of tokens reads. */
const kept = {
  description: text.min(1, 'must not be empty').meta({ description: 'shown to consumers' }),
  long_description: text.optional().meta({ description: 'Markdown' }),
  token_type: z.enum(['SELF_CONTAINED', 'OPAQUE']).default('SELF_CONTAINED'),
  visibility: z
    .enum(['PUBLIC', 'PRIVATE', 'INTERNAL'])
    .default('PUBLIC')
    .meta({ description: 'PUBLIC stands in /scopes/all; INTERNAL is for the operator alone' }),
  requires_user_consent: z.boolean().default(false),
  requires_user_authentication: z.boolean().default(false),
  requires_pseudonymous_tokens: z.boolean().default(false),
  authorization_max_lifetime: seconds.optional().meta({ description: 'without effect here' }),
  protected: z.boolean().optional(),
  supports_european_businesses: z.boolean().optional(),
};

/** Members that decide about tokens. */
const ruling = {
  active: z.boolean().default(true),
  allowed_integration_types: z
    .array(z.enum(INTEGRATION_TYPES))
    .max(7)
    .default([])
    .meta({ description: 'empty: every kind of client' }),
  delegation_source: text
    .optional()
    .meta({ description: 'an issuer of /delegationsources; empty or absent: cannot be delegated' }),
  at_max_age: seconds.default(0).meta({ description: 'longest life of a token in seconds; 0: not set' }),
  accessible_for_all: z.boolean().default(false).meta({ description: 'open to every organisation without an access' }),
  enforced_aud_for_access_token: text.max(2048).optional().meta({ description: "the token's aud, whatever is asked for" }),
  requires_qualified_seal: z.boolean().optional().meta({
    description: 'true: only for clients that sign with a qualified certificate for seals; ours, and shown where it is true',
  }),
  access_token_signing_alg: z
    .enum([...SIGNING_ALGORITHMS, ''])
    .optional()
    .meta({
      description:
        'what its tokens are signed with, of what this server signs with; empty or absent: its first; ours, and shown where it is set',
    }),
};

/** Members of answers, ignored when they come back. */
const ignored = {
  name: text.optional(),
  created: text.optional(),
  last_updated: text.optional(),
  owner_orgno: text.optional(),
  authorization_max_age: seconds.optional().meta({ description: 'another name of authorization_max_lifetime' }),
};

const prefix = text
  .refine(isPrefix, 'must be at least two small letters, digits, "_" and "-"')
  .meta({ description: 'one that the organisation owns' });

/** A scope to be registered. Unknown members are ignored. Contract §5.5.2 */
export const newScopeShape = z
  .looseObject({ prefix, subscope: text, ...kept, ...ruling, ...ignored })
  .check(languageMembersAreTexts)
  .transform(({ prefix, subscope, ...members }) => ({ prefix, subscope, ...settingsOf(members) }))
  .meta({ id: 'NewScope', ...LANGUAGE_SCHEMA });

/** A scope's new settings; its name cannot be changed, but may stand there. Contract §5.5.2, §5.8 */
export const changedScopeShape = z
  .looseObject({ prefix: text.optional(), subscope: text.optional(), ...kept, ...ruling, ...ignored })
  .check(languageMembersAreTexts)
  .transform(({ prefix, subscope, ...members }) => ({ prefix, subscope, settings: settingsOf(members) }))
  .meta({ id: 'ChangedScope', ...LANGUAGE_SCHEMA });

/** A scope as the API shows it. Contract §5.5.2 */
export const scopeShape = z
  .looseObject({
    ...{ name: text, prefix: text, subscope: text, owner_orgno: text },
    ...kept,
    ...ruling,
    ...{ created: instantShape, last_updated: instantShape },
  })
  .check(languageMembersAreTexts)
  .meta({ id: 'Scope', ...LANGUAGE_SCHEMA, additionalProperties: false });

/** The scope as it is answered. */
export function scopeToWire(scope: Scope): object {
  return { ...scopeMembers(scope), created: instant(scope.created), last_updated: instant(scope.lastUpdated) };
}

function languageMembersAreTexts({ value, issues }: z.core.ParsePayload<Record<string, unknown>>): void {
  for (const [name, member] of languageMembers(value)) {
    if (typeof member !== 'string') issues.push({ code: 'custom', path: [name], message: 'must be a text', input: member });
  }
}

function languageMembers(members: Record<string, unknown>): [name: string, value: unknown][] {
  return Object.entries(members).filter(([name]) => LANGUAGE_MEMBER.test(name));
}

type Members = z.infer<z.ZodObject<typeof kept & typeof ruling & typeof ignored>> & Record<string, unknown>;

/** Takes the contract's members one by one, so that nothing else is ever stored. `PV-SEC-084` */
function settingsOf(members: Members): ScopeSettings {
  const { delegation_source: delegationSource, enforced_aud_for_access_token: enforcedAudience } = members;
  const { authorization_max_age, authorization_max_lifetime = authorization_max_age } = members;
  const named = Object.keys(kept).map((name) => [name, members[name]]);
  const details = Object.fromEntries([...named, ...languageMembers(members)].filter(([, value]) => value !== undefined));
  return {
    active: members.active,
    accessibleForAll: members.accessible_for_all,
    allowedIntegrationTypes: [...new Set(members.allowed_integration_types)],
    atMaxAge: members.at_max_age,
    ...(delegationSource && { delegationSource }),
    ...(enforcedAudience && { enforcedAudience }),
    ...(members.requires_qualified_seal && { requiresQualifiedSeal: true as const }),
    ...(members.access_token_signing_alg && { signingAlgorithm: members.access_token_signing_alg }),
    details: { ...details, ...(authorization_max_lifetime !== undefined && { authorization_max_lifetime }) },
  };
}
