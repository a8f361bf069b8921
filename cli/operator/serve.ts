import type { Command } from 'commander';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import type { ServeOptions } from './run-server.ts';

/** `portvakt serve`: the production server, in the foreground until it is stopped; or a judgement of what it would start on. */
export function define(command: Command): void {
  command
    .description('Runs the production server until it is stopped, or judges with --check what it would start on.')
    .option('--config <file>', 'configuration; default: portvakt.yaml here or in a folder above')
    .option('--check', 'judge configuration, keys and store, and do not listen')
    .action(async (options: ServeOptions) => (await import('./run-server.ts')).serve(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'with the portvakt.yaml that portvakt init wrote', run: 'portvakt serve' },
      { does: 'before a restart', run: 'portvakt serve --config ./portvakt.yaml --check' },
    ],
    seeAlso: ['portvakt init', 'docs/reference/config.md', 'portvakt help exit-codes'],
  });
}
