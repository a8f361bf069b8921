import { type Command, Option } from 'commander';
import type { Month } from '../../server/core/month.ts';
import { STATISTIC_PERIODS } from '../../server/core/statistics.ts';
import { openApi, withQuery } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ListOptions, listOptions } from '../api-options.ts';
import { moment } from '../audit-records.ts';
import { document } from '../help.ts';
import { stretchOf, toMonth } from '../month-option.ts';
import type { View } from '../output.ts';
import { keyOf, READ_STATISTICS, refusalsOf, type StatisticRow, statistic } from '../statistic-shapes.ts';
import { Terminal } from '../terminal.ts';
import { defineMonths } from './stats-months.ts';

/** `portvakt stats tokens | refusals | months` */
export function define(command: Command): void {
  command.description('Counts tokens and refusals, from the audit and without gaps.');
  const tokens = statistics(command.command('tokens').summary('how many tokens there were'), [
    'scope',
    'consumer',
    'supplier',
    'client',
  ])
    .description('Counts tokens by hour, day or month: your own, for the operator all.')
    .action(async (options: Options) => tell(options, { terminal: Terminal.of(tokens), view: tokensView }));
  document(tokens, {
    examples: [
      { does: 'each of your scopes by month, for a spreadsheet', run: 'portvakt stats tokens --of scopes --per month -o csv' },
      { does: 'who used them in a month', run: 'portvakt stats tokens --of scopes --by consumer --month 2026-11' },
    ],
    seeAlso: ['portvakt report month', 'portvakt stats refusals', 'portvakt audit list'],
  });
  const refusals = statistics(command.command('refusals').summary('how many refusals there were, and why'), [
    'code',
    'scope',
    'consumer',
    'supplier',
    'client',
  ])
    .description('Counts refusals by their codes, by hour, day or month: your own, for the operator all.')
    .action(async (options: Options) => tell(options, { terminal: Terminal.of(refusals), view: refusalsView }));
  document(refusals, {
    examples: [
      { does: 'why, day by day', run: 'portvakt stats refusals' },
      { does: 'with which client, by hour', run: 'portvakt stats refusals --by client --per hour' },
    ],
    seeAlso: ['portvakt explain', 'portvakt stats tokens'],
  });
  defineMonths(command.command('months').summary('which months are sealed'));
}

type Options = ListOptions & {
  readonly by: string;
  readonly per: string;
  readonly of: string;
  readonly from?: string;
  readonly to?: string;
  readonly month?: Month;
};

function statistics(command: Command, keys: readonly [string, ...string[]]): Command {
  const options = [
    new Option('--by <what>', 'what is told apart').choices(keys).default(keys[0]),
    new Option('--per <period>', 'how long a period is, of UTC').choices(STATISTIC_PERIODS).default('day'),
    new Option('--of <whose>', 'scopes: what was asked of your scopes, by whomever').choices(['own', 'scopes']).default('own'),
    new Option('--month <month>', 'a whole month, such as 2026-11').argParser(toMonth).conflicts(['from', 'to']),
    new Option('--from <when>', 'the first moment, an ISO date or time in UTC').argParser(moment),
    new Option('--to <when>', 'the moment after the last, to the end of its hour; default: now').argParser(moment),
  ];
  for (const option of options) command.addOption(option.helpGroup('What is counted:'));
  return listOptions(command);
}

/** A row as it is shown: one key, two figures, and why there is a gap. */
type Row = {
  readonly period: string;
  readonly key: string;
  readonly tokens: number | null;
  readonly refusals: number | null;
  readonly codes: Readonly<Record<string, number>>;
  /** Whether its month is sealed: the figures change no more. */
  readonly sealed: boolean | null;
  readonly gap: string;
};

async function tell(
  options: Options,
  { terminal, view }: { readonly terminal: Terminal; readonly view: View<Row> },
): Promise<void> {
  const { by, per, of, month } = options;
  const { from, to } = month === undefined ? options : stretchOf(month);
  const api = await openApi(terminal);
  const address = withQuery('/statistics/tokens', { by, per, of, from, to });
  const { items, next } = await readPages(api, address, {
    shape: statistic,
    scopes: READ_STATISTICS,
    part: options,
  });
  const rows = items.map(rowOf).filter((row) => row.gap !== '' || (view === tokensView ? row.tokens : row.refusals) !== 0);
  await terminal.answer(sorted(api, { items: rows, next }, view), view);
  for (const { period, gap } of rows.filter(({ gap }) => gap !== ''))
    terminal.warn(`not everything is counted: ${period} ${gap}`);
}

function rowOf(item: StatisticRow): Row {
  const { period, tokens = null, refusals, sealed = false, reason = '' } = item;
  return {
    ...{ period, key: keyOf(item), tokens, refusals: refusals ? refusalsOf(item) : null, codes: refusals ?? {} },
    ...{ sealed: reason === '' ? sealed : null, gap: reason },
  };
}

const name = ({ period, key }: Row): string => [period, key].filter(Boolean).join('/');

const SEALED = { name: 'sealed', text: ({ sealed }: Row) => (sealed ? 'sealed' : '') } as const;

const tokensView: View<Row> = {
  fields: [{ name: 'period' }, { name: 'key' }, { name: 'tokens' }, { name: 'refusals' }, { name: 'gap' }, SEALED],
  name,
};

const refusalsView: View<Row> = {
  fields: [
    { name: 'period' },
    { name: 'key' },
    { name: 'refusals' },
    {
      name: 'codes',
      text: ({ codes }) =>
        Object.entries(codes)
          .map(([code, count]) => `${code} ${count}`)
          .join(', '),
    },
    { name: 'gap' },
    SEALED,
  ],
  name,
};
