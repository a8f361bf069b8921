import type { Command } from 'commander';
import * as change from './trust-change.ts';
import * as imports from './trust-import.ts';
import * as list from './trust-list.ts';
import * as preset from './trust-preset.ts';
import * as refresh from './trust-refresh.ts';

/** `portvakt trust list | show | add | update | remove | refresh | import | preset` */
export function define(command: Command): void {
  command.description('Says which CAs enterprise certificates are judged by. For the operator.');
  list.defineList(command.command('list').summary('list the trusted CAs, and how they stand'));
  list.defineShow(command.command('show').summary('show a trusted CA'));
  change.defineAdd(command.command('add').summary('trust a CA'));
  change.defineUpdate(command.command('update').summary('change what is said of a CA'));
  change.defineRemove(command.command('remove').summary('trust a CA no longer'));
  refresh.define(command.command('refresh').summary('fetch revocation lists now'));
  imports.define(command.command('import').summary('trust the CAs of a signed EU trusted list'));
  preset.define(command.command('preset').summary('trust the CAs of Norwegian enterprise certificates'));
}
