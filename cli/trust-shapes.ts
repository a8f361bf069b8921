import { z } from 'zod';

const moment = z.string();

/** A CA that enterprise certificates are judged by. own-api, operator */
export const trustEntry = z.looseObject({
  id: z.string(),
  certificate: z.string(),
  role: z.string(),
  environment: z.string(),
  profile: z.string(),
  organization_namespaces: z.array(z.string()),
  crl_urls: z.array(z.string()),
  ocsp_url: z.string().exactOptional(),
  revocation: z.string().exactOptional(),
  not_after: moment,
  created: moment,
});
export type TrustEntry = z.infer<typeof trustEntry>;

/** What may be said of a trusted CA on a server. Ours */
export const trustSettings = z.looseObject({
  environment: z.string(),
  profiles: z.array(z.string()),
  organization_namespaces: z.array(z.string()),
});
export type TrustSettings = z.infer<typeof trustSettings>;

/** What is known of a revocation list. Ours */
export const revocationList = z.looseObject({
  trust_id: z.string(),
  url: z.string(),
  number: z.string().exactOptional(),
  this_update: moment.exactOptional(),
  next_update: moment.exactOptional(),
  entries: z.number().exactOptional(),
  fetched: moment.exactOptional(),
  failure: z.string().exactOptional(),
});
export type RevocationList = z.infer<typeof revocationList>;

/** How the server judges a certificate. Ours */
export const certificateVerdict = z.looseObject({
  accepted: z.boolean(),
  code: z.string().exactOptional(),
  rule: z.string().exactOptional(),
  expected: z.string().exactOptional(),
  got: z.string().exactOptional(),
  organization: z.string().exactOptional(),
  organization_name: z.string().exactOptional(),
  subject: z.string().exactOptional(),
  not_after: moment.exactOptional(),
  client_amr: z.string().exactOptional(),
  trust_id: z.string().exactOptional(),
  revocation: z.string().exactOptional(),
  clients: z.array(
    z.looseObject({ client_id: z.string(), client_name: z.string(), by: z.string(), kid: z.string().exactOptional() }),
  ),
});
export type CertificateVerdict = z.infer<typeof certificateVerdict>;

/** What is answered where there is nothing to say. */
export const nothing = z.undefined();
