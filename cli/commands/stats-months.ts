import type { Command } from 'commander';
import { z } from 'zod';
import { type Month, monthName } from '../../server/core/month.ts';
import { openApi, withQuery } from '../api-client.ts';
import { document } from '../help.ts';
import { relative, seconds } from '../moment.ts';
import { toMonth } from '../month-option.ts';
import type { View } from '../output.ts';
import { READ_STATISTICS, type StatisticMonth, statisticMonth } from '../statistic-shapes.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt stats months`: what has become of the months. */
export function defineMonths(command: Command): void {
  command
    .description('Tells which months are over, and which are sealed: their figures change no more.')
    .option('--from <month>', 'the first month, such as 2026-01; default: a year before the last', toMonth)
    .option('--to <month>', 'the last month; default: the one that runs', toMonth)
    .action(async (options: Options) => tell(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'a year of them', run: 'portvakt stats months' },
      {
        does: 'one, with what it came to and its digest (operator)',
        run: 'portvakt stats months --from 2026-10 --to 2026-10 -o json',
      },
    ],
    seeAlso: ['portvakt stats tokens', 'portvakt report month', 'portvakt audit list --type statistics.sealed'],
  });
}

type Options = { readonly from?: Month; readonly to?: Month };

async function tell({ from, to }: Options, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const name = (month?: Month) => (month === undefined ? undefined : monthName(month));
  const address = withQuery('/statistics/months', { from: name(from), to: name(to) });
  const { object: items } = await api.get(address, z.array(statisticMonth), READ_STATISTICS);
  await terminal.answer({ items, next: null }, viewAt(await api.moment()));
}

function viewAt(at: Parameters<typeof relative>[1]): View<StatisticMonth> {
  return {
    fields: [
      { name: 'month' },
      { name: 'state', text: ({ state }) => state.replace('_', ' ') },
      { name: 'sealed', text: ({ sealed }) => (sealed === undefined ? '' : relative(seconds(sealed), at)) },
      { name: 'gap', text: ({ gap }) => (gap ? 'not everything is counted' : '') },
      { name: 'tokens' },
      { name: 'refusals' },
      { name: 'digest', wide: true },
    ],
    name: ({ month }) => `month/${month}`,
  };
}
