import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LimitSettings } from '../../server/core/limits.ts';
import { document } from '../help.ts';
import { parseDuration } from '../moment.ts';
import { Terminal } from '../terminal.ts';
import type { DevOptions } from './run-dev.ts';

/** `portvakt dev`: the server of `serve` with a made-up world, in the foreground until it is stopped. */
export function define(command: Command): void {
  command
    .description('Runs the server on this machine with a made-up world, until it is stopped.')
    .addOption(new Option('--port <port>', 'TCP port; 0 takes a free one').env('PORTVAKT_PORT').argParser(port).default(7300))
    .option('--operations-port <port>', 'answer /metrics and /health/ here, too; 0 takes a free one; default: nowhere', port)
    .option('--issuer <url>', 'what the server calls itself; default: http://localhost:PORT/')
    .option('--seed <file>', 'wholly this world instead of the made-up one; see portvakt world')
    .option('--persist <dir>', 'keep the data here, and go on with what lies here')
    .addOption(
      new Option('--clock <when>', 'live at another time: an ISO date, or +2d, -1h').argParser(clockOffset).default(0, 'now'),
    )
    .addOption(
      new Option('--limit <which=number>', 'limit as production does; repeat it: client=60, organization, address')
        .argParser(limit)
        .default({}, 'no limits'),
    )
    .action(async (options: DevOptions) => (await import('./run-dev.ts')).dev(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'a server at http://localhost:7300/ that forgets everything when it ends', run: 'portvakt dev' },
      { does: 'in a script: a free port, and one line of JSON when it is ready', run: 'portvakt dev --port 0 -o json' },
      { does: 'with a client that may ask 60 times a minute', run: 'portvakt dev --limit client=60' },
      { does: 'with the metrics that production has', run: 'portvakt dev --operations-port 7301' },
      { does: 'the day after tomorrow, with data that is kept', run: 'portvakt dev --clock +2d --persist ./world' },
    ],
    seeAlso: ['portvakt token get', 'portvakt world schema', 'portvakt serve'],
  });
}

function port(text: string): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number > 65535) throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return number;
}

/** As the configuration spells them. */
const LIMITS: Readonly<Record<string, keyof LimitSettings>> = {
  client: 'client',
  organization: 'organization',
  address: 'address',
  certificate_failures: 'certificateFailures',
  concurrency: 'concurrency',
  queue: 'queue',
};

/** One more limit beside those that have been read. */
function limit(text: string, others: Partial<LimitSettings>): Partial<LimitSettings> {
  const [, which = '', number = ''] = /^([a-z_]+)=([1-9][0-9]{0,6})$/.exec(text) ?? [];
  const name = Object.hasOwn(LIMITS, which) ? LIMITS[which] : undefined;
  if (!name) throw new InvalidArgumentError(`It is ${Object.keys(LIMITS).join(', ')}, "=", and a number from 1.`);
  return { ...others, [name]: Number(number) };
}

const ISO_DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})?)?$/;

/** Between these certificates and keys can be made around the moment. RFC 5280 §4.1.2.5 */
const EARLIEST = Date.UTC(1990);
const LATEST = Date.UTC(2100);

function clockOffset(text: string): number {
  const duration = /^[+-]/.test(text) ? parseDuration(text.slice(1)) : undefined;
  if (duration !== undefined) return text.startsWith('-') ? -duration : duration;
  const moment = ISO_DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (!(moment >= EARLIEST && moment < LATEST))
    throw new InvalidArgumentError('It is an ISO date such as 2027-01-31, or +2d, -1h.');
  return Math.round((moment - Date.now()) / 1000);
}
