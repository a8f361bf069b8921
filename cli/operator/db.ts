import type { Command } from 'commander';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import type { PruneOptions } from './run-prune.ts';

/** `portvakt db prune`: on the host, beside the store. */
export function define(command: Command): void {
  command.description('Looks after the store. On the host, beside it.');
  definePrune(command.command('prune').summary('take out of the audit what has been exported'));
}

function definePrune(command: Command): void {
  command
    .description(
      'Takes out of the audit what an export holds, once the export has been verified: the rest, and the checkpoint that stands for what went, can still be verified. The server may run meanwhile.',
    )
    .requiredOption('--audit <file>', 'what portvakt audit export wrote')
    .option('--config <file>', 'configuration; default: portvakt.yaml here or in a folder above')
    .option('--dry-run', 'verify, tell what would go, and take nothing out')
    .option('--yes', 'do not ask')
    .action(async (options: PruneOptions) => (await import('./run-prune.ts')).prune(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would go', run: 'portvakt db prune --audit audit.ndjson --dry-run' },
      { does: 'in a script, after the file is kept elsewhere', run: 'portvakt db prune --audit audit.ndjson --yes' },
    ],
    seeAlso: ['portvakt audit export', 'portvakt audit verify', 'docs/operations.md'],
  });
}
