import { type Command, Option } from 'commander';
import { delegation as delegationShape, missedDelegation } from '../acting-shapes.ts';
import { type ApiClient, openApi, withQuery } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { READ_DELEGATIONS } from '../api-scopes.ts';
import { delegationView, missedView } from '../delegation-view.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt delegation list` */
export function define(command: Command): void {
  const directions = ['given', 'received', 'onMyScopes', 'missing'];
  const direction = (name: string, flags: string, meaning: string) =>
    new Option(flags, meaning).conflicts(directions.filter((other) => other !== name));
  listOptions(command)
    .description('Lists the delegations that your organisation has given and received.')
    .addOption(direction('given', '--given', 'those given alone'))
    .addOption(direction('received', '--received', 'those received alone'))
    .addOption(direction('onMyScopes', '--on-my-scopes', 'those on the scopes of your organisation, whoever the parties are'))
    .addOption(direction('missing', '--missing', 'what your organisation asked tokens for in vain, by customer'))
    .option('--scope <scope>', 'one scope alone')
    .option('--supplier <orgno>', 'one supplier alone')
    .option('--consumer <orgno>', 'one consumer alone')
    .option('--inactive', 'revoked and expired ones too')
    .action(async (options: Options) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'who may act for your organisation', run: 'portvakt delegation list --given' },
      { does: 'which customers a supplier should remind', run: 'portvakt delegation list --missing -o csv' },
    ],
    seeAlso: ['portvakt delegation give', 'portvakt delegation check'],
  });
}

type Options = ListOptions & {
  readonly given?: boolean;
  readonly received?: boolean;
  readonly onMyScopes?: boolean;
  readonly missing?: boolean;
  readonly scope?: string;
  readonly supplier?: string;
  readonly consumer?: string;
  readonly inactive?: boolean;
};

async function list(options: Options, terminal: Terminal): Promise<void> {
  const { supplier, consumer, scope, inactive } = options;
  const query = {
    ...{ direction: directionOf(options), scope, inactive },
    ...(supplier !== undefined && { supplier_orgno: readOrgno(supplier) }),
    ...(consumer !== undefined && { consumer_orgno: readOrgno(consumer) }),
  };
  const api = await openApi(terminal);
  if (options.missing) return listMissing(api, options);
  const listing = { shape: delegationShape, scopes: READ_DELEGATIONS, part: options };
  const delegations = await readPages(api, withQuery('/delegations', query), listing);
  await terminal.answer(sorted(api, delegations, delegationView), delegationView);
  if (delegations.items.length === 0) terminal.next('portvakt delegation give SCOPE --to ORGNO');
}

async function listMissing(api: ApiClient, part: Options): Promise<void> {
  const missed = await readPages(api, '/delegations/missing', { shape: missedDelegation, scopes: READ_DELEGATIONS, part });
  await api.terminal.answer(sorted(api, missed, missedView), missedView);
  const [first] = missed.items;
  if (first) api.terminal.next(`portvakt delegation give ${first.scope} --to YOUR-ORGNO   (run by ${first.consumer_orgno})`);
}

function directionOf({ given, received, onMyScopes }: Options): string | undefined {
  if (given) return 'given';
  if (received) return 'received';
  return onMyScopes ? 'on_my_scopes' : undefined;
}
