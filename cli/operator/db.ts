import { type Command, Option } from 'commander';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import type { BackupOptions } from './run-backup.ts';
import type { CopyOptions } from './run-copy.ts';
import type { FailedOverOptions } from './run-failed-over.ts';
import type { MigrateOptions } from './run-migrate.ts';
import type { PruneOptions } from './run-prune.ts';
import type { RestoreOptions } from './run-restore.ts';
import type { StatusOptions } from './run-status.ts';

const CONFIG = ['--config <file>', 'configuration; default: portvakt.yaml here or in a folder above'] as const;

const OWNER = 'of PostgreSQL: a file, mode 0600, with the URL of the database, its owner and password';

/** `portvakt db`: on the host, beside the store. */
export function define(command: Command): void {
  command.description('Looks after the store. On the host, beside it.');
  defineStatus(command.command('status').summary('show how the store is'));
  defineBackup(command.command('backup').summary('back up database and keys, while the server runs'));
  defineRestore(command.command('restore').summary('restore a backup into an empty folder'));
  defineMigrate(command.command('migrate').summary('bring the schema to this version'));
  defineCopy(command.command('copy').summary('move an installation from its file to PostgreSQL, or back'));
  defineFailedOver(command.command('failed-over').summary('tell the store that its database may have lost the latest'));
  definePrune(command.command('prune').summary('take out of the audit what has been exported'));
}

function defineStatus(command: Command): void {
  command
    .description('Shows the schema, size, soundness and replay floor of the store, and when it was backed up. Changes nothing.')
    .option(...CONFIG)
    .action(async (options: StatusOptions) => (await import('./run-status.ts')).status(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'exit 0 when the store is sound, 11 when it is damaged', run: 'portvakt db status' },
      { does: 'for a program', run: 'portvakt db status -o json' },
    ],
    seeAlso: ['portvakt db backup', 'portvakt doctor', 'docs/how-to/back-up-and-restore.md'],
  });
}

function withSecret(command: Command): Command {
  return command
    .option('--password-file <file>', 'file with the passphrase of the backup')
    .option('--key-file <file>', 'file of at least 32 random bytes, in place of a passphrase');
}

function defineBackup(command: Command): void {
  withSecret(
    command
      .description(
        'Backs up the database as it stands at one moment, a file or PostgreSQL, and the keys, encrypted. Servers may run meanwhile.',
      )
      .requiredOption('--to <file>', 'where to; nothing is overwritten'),
  )
    .option(...CONFIG)
    .action(async (options: BackupOptions) => (await import('./run-backup.ts')).backup(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'with a passphrase', run: 'portvakt db backup --to portvakt.backup --password-file passphrase.txt' },
      { does: 'every night, by a key file', run: 'portvakt db backup --to nightly.backup --key-file backup.key -q' },
    ],
    seeAlso: ['portvakt db restore', 'docs/how-to/back-up-and-restore.md'],
  });
}

function defineRestore(command: Command): void {
  withSecret(
    command
      .description(
        'Restores a backup into an empty folder, and that of a PostgreSQL database into an empty database that the configuration names. Database, audit and keys are verified before a server can start on them. What was issued before is refused from then on.',
      )
      .argument('<file>', 'what portvakt db backup wrote')
      .requiredOption('--to <folder>', 'data directory to make; it has to be empty'),
  )
    .option('--owner-url-file <file>', OWNER)
    .option('--compare <audit>', 'data directory or audit export of the lost server: shows what becomes valid again')
    .option('--config <file>', 'configuration with the master key; default: portvakt.yaml here or above')
    .action(async (file: string, options: RestoreOptions) =>
      (await import('./run-restore.ts')).restore(file, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      {
        does: 'on a new host',
        run: 'portvakt db restore portvakt.backup --to ./restored-data \\\n  --password-file passphrase.txt',
      },
      {
        does: 'with what the lost server still tells',
        run: 'portvakt db restore nightly.backup --to ./second-data \\\n  --key-file backup.key --compare ./portvakt-data',
      },
    ],
    seeAlso: ['portvakt db backup', 'portvakt db status', 'docs/how-to/back-up-and-restore.md'],
  });
}

function defineMigrate(command: Command): void {
  withSecret(
    command
      .description('Brings the schema to this version, after a backup and while no server runs. Most upgrades need it not.')
      .option('--backup <file>', 'where a store in a file is backed up before')
      .option('--no-backup', 'there is a backup')
      .option('--check', 'show what is pending, and change nothing')
      .option('--owner-url-file <file>', OWNER),
  )
    .option(...CONFIG)
    .action(async (options: MigrateOptions) => (await import('./run-migrate.ts')).migrate(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'exit 0 when nothing is pending, 10 when something is', run: 'portvakt db migrate --check' },
      { does: 'while no server runs', run: 'portvakt db migrate --backup before.backup --key-file backup.key' },
    ],
    seeAlso: ['portvakt db backup', 'docs/how-to/upgrade.md'],
  });
}

function defineCopy(command: Command): void {
  command
    .description(
      'Copies the store in the data directory into the empty PostgreSQL database that the configuration names, in one transaction, and reads every row back: a table counts when rows and digest are those of the file. With --to-file it is the way back, into a new file. What is copied from is only read, and nothing is left of a copy that fails. No server may run meanwhile.',
    )
    .option('--owner-url-file <file>', 'a file, mode 0600, with the URL of the database, its owner and password')
    .addOption(new Option('--to-file', 'copy the database into a new file in the data directory').conflicts('ownerUrlFile'))
    .option(...CONFIG)
    .option('--dry-run', 'count and digest what there is, and copy nothing')
    .action(async (options: CopyOptions) => (await import('./run-copy.ts')).copy(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what there is', run: 'portvakt db copy --dry-run' },
      { does: 'the same, table by table', run: 'portvakt db copy --dry-run -o json' },
    ],
    seeAlso: ['portvakt db migrate', 'docs/many-nodes.md'],
  });
}

function defineFailedOver(command: Command): void {
  command
    .description(
      'Has every assertion refused that was issued until now, on all nodes within a second: the database has taken the place of another, by a failover to an asynchronous standby or from a snapshot, and may not know of all that were used. Clients sign a new one.',
    )
    .option(...CONFIG)
    .action(async (options: FailedOverOptions) =>
      (await import('./run-failed-over.ts')).failedOver(options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'before the nodes are led to the new primary', run: 'portvakt db failed-over' },
      { does: 'in a script', run: 'portvakt db failed-over -o json' },
    ],
    seeAlso: ['portvakt db status', 'docs/many-nodes.md'],
  });
}

function definePrune(command: Command): void {
  command
    .description(
      'Takes out of the audit what an export holds, once the export has been verified: the rest, and the checkpoint that stands for what went, can still be verified. The server may run meanwhile.',
    )
    .requiredOption('--audit <file>', 'what portvakt audit export wrote')
    .option(...CONFIG)
    .option('--dry-run', 'verify, tell what would go, and take nothing out')
    .option('--yes', 'do not ask')
    .action(async (options: PruneOptions) => (await import('./run-prune.ts')).prune(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would go', run: 'portvakt db prune --audit audit.ndjson --dry-run' },
      { does: 'in a script, after the file is kept elsewhere', run: 'portvakt db prune --audit audit.ndjson --yes' },
    ],
    seeAlso: ['portvakt audit export', 'portvakt audit verify', 'docs/operations/README.md'],
  });
}
