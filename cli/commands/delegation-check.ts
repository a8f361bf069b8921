import type { Command } from 'commander';
import { delegationCheck } from '../acting-shapes.ts';
import { openApi, withQuery } from '../api-client.ts';
import { readOrgno } from '../api-options.ts';
import { READ_DELEGATIONS } from '../api-scopes.ts';
import { askToDelegate } from '../delegation-fix.ts';
import { Failure } from '../failure.ts';
import { readScopeName } from '../find-scope.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt delegation check` */
export function define(command: Command): void {
  command
    .description('Says whether a supplier would get a token for a consumer: exit 0 for yes, 9 for no.')
    .argument('<scope>', 'the scope')
    .option('--consumer <orgno>', "the consumer; your context's organisation unless told")
    .option('--supplier <orgno>', "the supplier; your context's organisation unless told")
    .action(async (scope: string, options: Options) => check(scope, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'asked by the consumer', run: 'portvakt delegation check prove:bygg.read --supplier 310555045' },
      {
        does: 'for a program',
        run: 'portvakt delegation check prove:bygg.read \\\n  --consumer 310555037 --supplier 310555045 -o json',
      },
    ],
    seeAlso: ['portvakt delegation give', 'portvakt access check'],
  });
}

type Options = { readonly consumer?: string; readonly supplier?: string };

/** What is asked, and what was answered. */
type Verdict = {
  readonly scope: string;
  readonly consumer_orgno: string;
  readonly supplier_orgno: string;
  readonly allowed: boolean;
  readonly code: string | null;
  readonly reason: string;
};

async function check(scope: string, { consumer, supplier }: Options, terminal: Terminal): Promise<void> {
  readScopeName(scope);
  if (consumer === undefined && supplier === undefined)
    throw new Failure('usage', 'a supplier needs a consumer', {
      fix: 'name the other with --supplier ORGNO or --consumer ORGNO',
    });
  const api = await openApi(terminal);
  const own = api.context.org ?? '';
  const query = { scope, consumer_orgno: readOrgno(consumer ?? own), supplier_orgno: readOrgno(supplier ?? own) };
  const { object } = await api.get(withQuery('/delegations/check', query), delegationCheck, READ_DELEGATIONS);
  const { allowed, code = null, reason } = object;
  await terminal.answer<Verdict>({ ...query, allowed, code, reason }, view);
  if (allowed) return;
  throw new Failure('refused', reason, {
    ...(code !== null && { code }),
    fix:
      code === 'MP-251'
        ? askToDelegate(query.consumer_orgno, { scope, supplier: query.supplier_orgno })
        : `portvakt explain ${code}`,
  });
}

const view: View<Verdict> = {
  fields: [
    { name: 'scope' },
    { name: 'consumer_orgno', heading: 'consumer' },
    { name: 'supplier_orgno', heading: 'supplier' },
    { name: 'allowed', text: ({ allowed }) => (allowed ? 'yes' : 'no') },
    { name: 'code' },
    { name: 'reason' },
  ],
  name: ({ scope, consumer_orgno, supplier_orgno }) => `delegation/${scope}/${consumer_orgno}/${supplier_orgno}`,
};
