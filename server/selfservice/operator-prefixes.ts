import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { Fault } from '../core/fault.ts';
import type { Prefix, Registers } from '../core/ports.ts';
import { isPrefix } from '../core/scope.ts';
import { assignPrefix, releasePrefix } from '../registry/prefixes.ts';
import { pageQuery, takePage } from './paging.ts';
import { prefixShape, toWire } from './prefixes.ts';
import { type Call, type Route, route } from './route.ts';
import { orgnoShape } from './wire.ts';

const newPrefix = z
  .strictObject({
    prefix: z.string().refine(isPrefix, 'must be at least two small letters, digits, "_" and "-"'),
    owner_orgno: orgnoShape,
  })
  .meta({ id: 'NewPrefix' });

/** Handing out prefixes, and taking them back. Own API, operator */
export const operatorPrefixRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/prefixes',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'All prefixes, released ones too',
    query: pageQuery,
    answer: z.array(prefixShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) =>
      takePage(call, await call.registers.prefixes.list(), {
        key: ({ prefix }) => prefix,
        show: (prefix) => toWire(prefix, call.registers),
      }),
  }),
  route({
    method: 'POST',
    path: '/operator/prefixes',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Give a prefix to an organisation',
    body: newPrefix,
    answer: prefixShape,
    handle: async (call: Call<unknown, z.infer<typeof newPrefix>>) =>
      call.change(async (changes) => {
        const { prefix, owner_orgno: ownerOrgno } = call.body;
        return toWire(await assignPrefix(changes, { prefix, ownerOrgno }, call), changes);
      }),
  }),
  route({
    method: 'GET',
    path: '/operator/prefixes/{prefix}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'A prefix',
    answer: prefixShape,
    handle: async (call) => toWire(await prefixOf(call, call.registers), call.registers),
  }),
  route({
    method: 'DELETE',
    path: '/operator/prefixes/{prefix}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Release a prefix without active scopes',
    answer: prefixShape,
    handle: async (call) =>
      call.change(async (changes) => {
        const before = await prefixOf(call, changes);
        call.assertMatches(await toWire(before, changes));
        return toWire(await releasePrefix(changes, before, call), changes);
      }),
  }),
];

async function prefixOf({ params }: Call, { prefixes }: Registers): Promise<Prefix> {
  const prefix = await prefixes.find(params.prefix ?? '');
  if (!prefix) throw new Fault('PV-604');
  return prefix;
}
