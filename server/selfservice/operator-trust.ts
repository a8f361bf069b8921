import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { Fault } from '../core/fault.ts';
import type { Certificates, Ports, Registers, TrustEntry } from '../core/ports.ts';
import { addTrust, changeTrust, removeTrust, type TrustAct, type TrustWish } from '../registry/trust.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const environments = z.enum(['test', 'production']);
const roles = z.enum(['anchor', 'intermediate']);

const trustWish = z
  .strictObject({
    certificate: z
      .string()
      .max(16 * 1024)
      .meta({ description: 'PEM of one CA certificate' }),
    role: roles.meta({ description: 'anchor: trusted by itself; intermediate: helps to reach one' }),
    environment: environments.optional().meta({ description: "this server's" }),
    profile: z
      .string()
      .max(100)
      .optional()
      .meta({ description: 'where the organisation stands in certificates below it; own-ca unless told' }),
  })
  .meta({ id: 'TrustWish' });

const trustShape = z
  .object({
    id: z.string().meta({ description: 'SHA-256 of the certificate' }),
    certificate: z.string(),
    role: roles,
    environment: environments,
    profile: z.string(),
    not_after: instantShape,
    created: instantShape,
  })
  .meta({ id: 'TrustEntry' });

/** The CAs that enterprise certificates are judged by; a change is in force at once. Own API, operator; `PV-SEC-048` */
export const operatorTrustRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/trust',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'All trusted CAs',
    query: pageQuery,
    answer: z.array(trustShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) =>
      takePage(call, await call.registers.trust.list(), { key: ({ id }) => id, show: show(call) }),
  }),
  route({
    method: 'POST',
    path: '/operator/trust',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Trust a CA',
    body: trustWish,
    answer: trustShape,
    handle: async (call: Call<unknown, z.infer<typeof trustWish>>) =>
      call.change(async (changes) => show(call)(await addTrust(changes, wishOf(call.body), trustAct(call)))),
    afterwards: reload,
  }),
  route({
    method: 'GET',
    path: '/operator/trust/{id}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'A trusted CA',
    answer: trustShape,
    handle: async (call) => show(call)(await entryOf(call, call.registers)),
  }),
  route({
    method: 'PUT',
    path: '/operator/trust/{id}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Replace what is said of a trusted CA; its certificate stays',
    body: trustWish,
    answer: trustShape,
    handle: async (call: Call<unknown, z.infer<typeof trustWish>>) =>
      call.change(async (changes) => {
        const before = await entryOf(call, changes);
        call.assertMatches(show(call)(before));
        return show(call)(await changeTrust(changes, { before, wish: wishOf(call.body) }, trustAct(call)));
      }),
    afterwards: reload,
  }),
  route({
    method: 'DELETE',
    path: '/operator/trust/{id}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Trust a CA no longer',
    handle: async (call) =>
      call.change(async (changes) => {
        const before = await entryOf(call, changes);
        call.assertMatches(show(call)(before));
        await removeTrust(changes, before, call);
        return undefined;
      }),
    afterwards: reload,
  }),
];

async function reload({ storage, certificates }: Ports): Promise<void> {
  certificates.reload(await storage.trust.list());
}

async function entryOf({ params }: Call, { trust }: Registers): Promise<TrustEntry> {
  const entry = await trust.find(params.id ?? '');
  if (!entry) throw new Fault('PV-604');
  return entry;
}

function wishOf({ certificate, ...wish }: z.infer<typeof trustWish>): TrustWish {
  return { ...wish, certificate: Buffer.from(certificate) };
}

function trustAct(call: Call): TrustAct {
  return { ...call, certificates: call.ports.certificates };
}

function show({ ports }: { readonly ports: { readonly certificates: Certificates } }): (entry: TrustEntry) => object {
  return ({ id, certificate, role, environment, profile, created }) => {
    const { notAfter } = ports.certificates.readAuthority(Buffer.from(certificate, 'base64'));
    return {
      ...{ id, certificate: pem(certificate), role, environment, profile },
      not_after: instant(notAfter),
      created: instant(created),
    };
  };
}

/** RFC 7468 §5.1 */
function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
