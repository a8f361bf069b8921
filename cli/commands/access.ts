import type { Command } from 'commander';
import * as bulk from './access-bulk.ts';
import * as change from './access-change.ts';
import * as check from './access-check.ts';
import * as list from './access-list.ts';

/** `portvakt access list | grant | revoke | check | import | export` */
export function define(command: Command): void {
  command.description('Says which organisations may use which scopes.');
  list.define(command.command('list').summary('list who has access'));
  change.defineGrant(command.command('grant').summary('let an organisation in on a scope'));
  change.defineRevoke(command.command('revoke').summary('withdraw an access'));
  check.define(command.command('check').summary('ask whether an organisation has access'));
  bulk.defineImport(command.command('import').summary('let in everybody in a file'));
  bulk.defineExport(command.command('export').summary('print accesses as import reads them'));
}
