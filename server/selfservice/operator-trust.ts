import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { Fault } from '../core/fault.ts';
import type { Certificates, ListReport, Ports, Registers, TrustEntry } from '../core/ports.ts';
import { isRevocationAddress, MAX_LISTS } from '../core/revocation-address.ts';
import { addTrust, changeTrust, removeTrust, type TrustAct, type TrustWish, trustMembers } from '../registry/trust.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const environments = z.enum(['test', 'production']);
const roles = z.enum(['anchor', 'intermediate']);
const policies = z.enum(['require', 'grace', 'soft', 'off']);

const address = z
  .string()
  .refine(isRevocationAddress, 'must be an address with http or https, without user, password and fragment');
const onceEach = (list: readonly string[]): boolean => new Set(list).size === list.length;

/** What is said of a CA besides its certificate. */
const members = {
  organization_namespaces: z.array(z.string().max(10)).max(100).refine(onceEach, 'must name each once').default([]).meta({
    description: "registers, such as NTRSE, whose organisations certificates below this anchor may name; empty: the profile's",
  }),
  crl_urls: z
    .array(address)
    .max(MAX_LISTS)
    .refine(onceEach, 'must name each once')
    .default([])
    .meta({ description: 'where its revocation lists are fetched' }),
  ocsp_url: address.optional().meta({ description: 'who answers about one certificate of it' }),
  revocation: policies.optional().meta({
    description:
      'what is demanded below this anchor: require in production and off in test unless told; soft and off are for test',
  }),
};

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
    ...members,
  })
  .meta({ id: 'TrustWish' });

const trustShape = z
  .object({
    id: z.string().meta({ description: 'SHA-256 of the certificate' }),
    certificate: z.string(),
    role: roles,
    environment: environments,
    profile: z.string(),
    ...members,
    not_after: instantShape,
    created: instantShape,
  })
  .meta({ id: 'TrustEntry' });

const listShape = z
  .object({
    trust_id: z.string(),
    url: z.string(),
    number: z.string().optional().meta({ description: 'of the list that counts, in decimal digits' }),
    this_update: instantShape.optional(),
    next_update: instantShape.optional().meta({ description: 'its end' }),
    entries: z.int().min(0).optional().meta({ description: 'certificates that it names' }),
    fetched: instantShape.optional(),
    failure: z.string().optional().meta({ description: 'why the last try to fetch it failed' }),
  })
  .meta({ id: 'RevocationList' });

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
  route({
    method: 'POST',
    path: '/operator/trust/{id}/refresh',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    safe: true,
    summary: 'Fetch the revocation lists of a trusted CA now, and tell what came of it',
    answer: z.array(listShape),
    handle: async (call) => {
      const entry = await entryOf(call, call.registers);
      return (await call.ports.revocation.refresh(entry)).map((report) => showList(entry, report));
    },
  }),
  route({
    method: 'GET',
    path: '/operator/revocation-lists',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'What is known of the revocation lists of all trusted CAs',
    query: pageQuery,
    answer: z.array(listShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) => {
      const lists = (await call.registers.trust.list()).flatMap((entry) =>
        call.ports.revocation.of(entry).map((report) => ({ entry, report })),
      );
      const key = ({ entry, report }: (typeof lists)[number]): string => `${entry.id} ${report.url}`;
      const inOrder = lists.toSorted((a, b) => Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b))));
      return takePage(call, inOrder, { key, show: ({ entry, report }) => showList(entry, report) });
    },
  }),
];

function showList({ id }: TrustEntry, { url, number, thisUpdate, nextUpdate, entries, fetched, failure }: ListReport): object {
  return {
    ...{ trust_id: id, url },
    ...(number !== undefined && { number }),
    ...(thisUpdate !== undefined && { this_update: instant(thisUpdate) }),
    ...(nextUpdate !== undefined && { next_update: instant(nextUpdate) }),
    ...(entries !== undefined && { entries }),
    ...(fetched !== undefined && { fetched: instant(fetched) }),
    ...(failure !== undefined && { failure }),
  };
}

async function reload({ storage, certificates }: Ports): Promise<void> {
  certificates.reload(await storage.trust.list());
}

async function entryOf({ params }: Call, { trust }: Registers): Promise<TrustEntry> {
  const entry = await trust.find(params.id ?? '');
  if (!entry) throw new Fault('PV-604');
  return entry;
}

function wishOf(body: z.infer<typeof trustWish>): TrustWish {
  const { certificate, role, environment, profile, organization_namespaces, crl_urls, ocsp_url, revocation } = body;
  return {
    ...{ certificate: Buffer.from(certificate), role, organizationNamespaces: organization_namespaces, crlUrls: crl_urls },
    ...(environment !== undefined && { environment }),
    ...(profile !== undefined && { profile }),
    ...(ocsp_url !== undefined && { ocspUrl: ocsp_url }),
    ...(revocation !== undefined && { revocation }),
  };
}

function trustAct(call: Call): TrustAct {
  return { ...call, certificates: call.ports.certificates };
}

function show({ ports }: { readonly ports: { readonly certificates: Certificates } }): (entry: TrustEntry) => object {
  return (entry) => {
    const { certificate, created } = entry;
    const { notAfter } = ports.certificates.readAuthority(Buffer.from(certificate, 'base64'));
    const { id, ...members } = trustMembers(entry);
    return {
      ...{ id, certificate: pem(certificate), ...members, revocation: ports.certificates.policyOf(entry) },
      not_after: instant(notAfter),
      created: instant(created),
    };
  };
}

/** RFC 7468 §5.1 */
function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
