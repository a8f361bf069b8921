import { z } from 'zod';

// What the API answers about those who act for others: as much of it as commands read; what else there is, is passed on.

const moment = z.string();

/** A consumer's permission for a supplier. own-api, delegations */
export const delegation = z.looseObject({
  id: z.string(),
  consumer_orgno: z.string(),
  supplier_orgno: z.string(),
  scopes: z.array(z.string()),
  valid_from: moment.exactOptional(),
  valid_to: moment.exactOptional(),
  state: z.string(),
  reason: z.string().exactOptional(),
  created: moment,
  last_updated: moment,
});
export type Delegation = z.infer<typeof delegation>;

/** Whether a supplier would get a token in a consumer's name. own-api, delegations */
export const delegationCheck = z.looseObject({ allowed: z.boolean(), code: z.string().exactOptional(), reason: z.string() });

/** What a supplier asked for in vain. own-api, delegations */
export const missedDelegation = z.looseObject({
  consumer_orgno: z.string(),
  scope: z.string(),
  times: z.number(),
  last_asked: moment,
});
export type MissedDelegation = z.infer<typeof missedDelegation>;

/** Who is asked about delegations, system users and consents. own-api, operator */
export const source = z.looseObject({
  name: z.string(),
  issuer: z.string(),
  kind: z.string(),
  base_url: z.string().exactOptional(),
  client_id: z.string().exactOptional(),
  key_name: z.string().exactOptional(),
  active: z.boolean(),
  created: moment,
  last_updated: moment,
});
export type Source = z.infer<typeof source>;

/** What came of asking a source. own-api, operator */
export const sourceTest = z.looseObject({ answers: z.boolean(), reason: z.string().exactOptional(), took_ms: z.number() });

/** A vendor's system. own-api, systems */
export const system = z.looseObject({
  system_id: z.string(),
  vendor_orgno: z.string(),
  name: z.string(),
  description: z.string().exactOptional(),
  client_ids: z.array(z.string()),
  active: z.boolean(),
  created: moment,
  last_updated: moment,
});
export type System = z.infer<typeof system>;

/** What a customer lets a system act as. own-api, system users */
export const systemUser = z.looseObject({
  id: z.string(),
  system_id: z.string(),
  customer_orgno: z.string(),
  external_ref: z.string(),
  state: z.string(),
  created: moment,
  last_updated: moment,
});
export type SystemUser = z.infer<typeof systemUser>;

/** What somebody lets an organisation know. own-api, consents */
export const consent = z.looseObject({
  id: z.string(),
  from: z.string(),
  to_orgno: z.string(),
  consented: moment,
  valid_to: moment,
  state: z.string(),
  consent_rights: z.array(z.unknown()),
});
export type Consent = z.infer<typeof consent>;
