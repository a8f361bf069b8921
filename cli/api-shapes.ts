import { z } from 'zod';

// What the command line reads of the API's answers. Members that it does not know are kept and printed: a newer server may have more.

const moment = z.string();

/** The public name of an organisation. Contract §5.7 */
export const organizationName = z.looseObject({ orgnr: z.string(), name: z.string() });

/** An organisation as its operator sees it. own-api */
export const organization = z.looseObject({
  orgno: z.string(),
  name: z.string(),
  active: z.boolean(),
  admin_scopes: z.array(z.string()),
  created: moment,
  last_updated: moment,
});
export type Organization = z.infer<typeof organization>;

/** A scope prefix. Contract §5.5.4 */
export const prefix = z.looseObject({
  prefix: z.string(),
  owner_orgno: z.string(),
  organization_name: z.string().exactOptional(),
  active: z.boolean(),
  created: moment,
  last_updated: moment,
});
export type Prefix = z.infer<typeof prefix>;

/** A scope. Contract §5.5.2 */
export const scope = z.looseObject({
  name: z.string(),
  description: z.string(),
  active: z.boolean(),
  owner_orgno: z.string(),
  visibility: z.string(),
  accessible_for_all: z.boolean(),
  delegation_source: z.string().exactOptional(),
  at_max_age: z.number().exactOptional(),
  created: moment,
  last_updated: moment,
});
export type Scope = z.infer<typeof scope>;

/** What an owner has let an organisation do, or what is asked for. Contract §5.5.3, own-api */
export const access = z.looseObject({
  scope: z.string(),
  state: z.string(),
  owner_orgno: z.string(),
  owner_organization_name: z.string(),
  consumer_orgno: z.string(),
  consumer_organization_name: z.string(),
  created: moment,
  last_updated: moment,
  reason: z.string().exactOptional(),
  requested_by: z.string().exactOptional(),
});
export type Access = z.infer<typeof access>;

/** A key of a client. Contract §5.3 */
export const key = z.looseObject({
  kid: z.string(),
  alg: z.string().exactOptional(),
  exp: z.number(),
  n: z.string(),
  e: z.string(),
  x5c: z.array(z.string()).exactOptional(),
  created: moment.exactOptional(),
});
export type Key = z.infer<typeof key>;

/** The keys of a client. Contract §5.3 */
export const keySet = z.looseObject({ keys: z.array(key) });

/** A client. Contract §5.2.3 */
export const client = z.looseObject({
  client_id: z.string(),
  client_name: z.string(),
  client_orgno: z.string(),
  active: z.boolean(),
  scopes: z.array(z.string()),
  description: z.string().exactOptional(),
  access_token_lifetime: z.number(),
  integration_type: z.string(),
  jwks: keySet.exactOptional(),
  created: moment,
  last_updated: moment,
});
export type Client = z.infer<typeof client>;

/** How many tokens a client has been issued with a scope. own-api */
export const tokenCount = z.looseObject({
  client_id: z.string().exactOptional(),
  consumer_orgno: z.string().exactOptional(),
  supplier_orgno: z.string().exactOptional(),
  scope: z.string(),
  tokens: z.number(),
  last_token: moment,
});
export type TokenCount = z.infer<typeof tokenCount>;

/** What is said of one check. own-api, explanations */
const check = z.looseObject({
  id: z.string(),
  title: z.string(),
  result: z.enum(['pass', 'fail', 'not_reached']),
  code: z.string().nullish(),
  expected: z.string().nullish(),
  got: z.string().nullish(),
  fix: z.string().nullish(),
});
export type ExplainedCheck = z.infer<typeof check>;

/** What became of a request for a token, or would. own-api, explanations */
export const explanation = z.looseObject({
  id: z.string(),
  at: moment,
  outcome: z.string(),
  code: z.string().nullish(),
  client_id: z.string().nullish(),
  consumer_orgno: z.string().nullish(),
  supplier_orgno: z.string().nullish(),
  scopes: z.array(z.string()),
  checks: z.array(check),
});
export type Explanation = z.infer<typeof explanation>;
