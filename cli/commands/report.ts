import type { Command } from 'commander';
import { type Month, monthName } from '../../server/core/month.ts';
import { openApi } from '../api-client.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { toMonth } from '../month-option.ts';
import { gather, standingOf } from '../monthly-report/gather.ts';
import { reportPage } from '../monthly-report/page.ts';
import type { View } from '../output.ts';
import type { StatisticMonth } from '../statistic-shapes.ts';
import { Terminal } from '../terminal.ts';
import { writeWhole } from '../whole-file.ts';

/** `portvakt report month` */
export function define(command: Command): void {
  command.description('Makes reports of what was used, for people.');
  const month = command.command('month').summary('one month, as one HTML file');
  month
    .description('Makes a service report of a month: one HTML file, with all that it needs and without a script.')
    .argument('<month>', 'such as 2026-11', toMonth)
    .option('-f, --out <file>', 'write to this file, which appears when it is whole; default: standard output')
    .option('--until-now', 'make it although the month has not ended; the report says so')
    .action(async (which: Month, options: Options) => make(which, options, Terminal.of(month)));
  document(month, {
    examples: [
      { does: 'who used what, for the operator everybody', run: 'portvakt report month 2025-01 --out january.html' },
      { does: 'also where the month has not ended yet', run: 'portvakt report month 2025-01 --until-now > january.html' },
    ],
    seeAlso: ['portvakt stats tokens', 'portvakt stats months', 'docs/how-to/who-used-my-api.md'],
  });
}

type Options = { readonly out?: string; readonly untilNow?: boolean };

async function make(month: Month, { out, untilNow = false }: Options, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const standing = await standingOf(api, month);
  assertOver(standing, untilNow);
  const page = reportPage(await gather(api, month, standing));
  if (standing.gap) terminal.warn(`not everything of ${standing.month} is counted: the report says what`);
  if (out === undefined) {
    process.stdout.write(page);
    return;
  }
  await writeWhole(out, [page]);
  terminal.say(`the report of ${standing.month} is in ${out}`);
  await terminal.answer({ month: monthName(month), state: standing.state, file: out, bytes: Buffer.byteLength(page) }, view);
}

/** @throws {Failure} for a month that has not ended, unless it is wished for as it is, and for one that has not begun */
function assertOver({ month, state }: StatisticMonth, untilNow: boolean): void {
  if (state === 'to_come') throw new Failure('invalid', `${month} has not begun: there is nothing to report`);
  if (state !== 'running' || untilNow) return;
  throw new Failure('invalid', `${month} has not ended`, {
    fix: `portvakt report month ${month} --until-now makes the report of what there is, and says so in it`,
  });
}

type Made = { readonly month: string; readonly state: string; readonly file: string; readonly bytes: number };

const view: View<Made> = {
  fields: [{ name: 'month' }, { name: 'state' }, { name: 'file' }, { name: 'bytes' }],
  name: ({ month }) => `report/${month}`,
};
