import { type Command, Option } from 'commander';
import { document } from '../help.ts';
import { DEV_ISSUER } from '../issuer.ts';
import { Terminal } from '../terminal.ts';
import type { InitOptions } from './run-init.ts';

/** `portvakt init`: writes a configuration and a data directory for `portvakt serve`. Nothing is overwritten. */
export function define(command: Command): void {
  command
    .description('Writes a configuration and a data directory that portvakt serve starts on. Nothing is overwritten.')
    .option('--issuer <url>', 'what the server calls itself', DEV_ISSUER)
    .option('--config <file>', 'configuration to write', 'portvakt.yaml')
    .addOption(new Option('--data <dir>', 'data directory to make').env('PORTVAKT_DATA').default('portvakt-data'))
    .option('--world <file>', 'what is registered from the start; see portvakt world')
    .addOption(
      new Option('--environment <name>', "whose certificates are trusted; default: the world's, or production").choices([
        'production',
        'test',
      ]),
    )
    .action(async (options: InitOptions) => (await import('./run-init.ts')).init(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: './portvakt.yaml and ./portvakt-data', run: 'portvakt init --issuer https://token.example.no/' },
      {
        does: 'with organisations, scopes and clients from a world file',
        run: 'portvakt init --world world.yaml --environment test \\\n  --config ./test/portvakt.yaml --data ./test/data',
      },
    ],
    seeAlso: ['portvakt serve', 'portvakt world schema', 'docs/reference/config.md'],
  });
}
