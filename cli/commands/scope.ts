import type { Command } from 'commander';
import * as change from './scope-change.ts';
import * as create from './scope-create.ts';
import * as list from './scope-list.ts';

/** `portvakt scope list | show | create | update | disable | enable | search` */
export function define(command: Command): void {
  command.description('Registers scopes, the rights that an API asks for, and finds them.');
  list.defineList(command.command('list').summary("list your organisation's scopes"));
  list.defineShow(command.command('show').summary('show a scope'));
  create.define(command.command('create').summary('register a scope under a prefix of yours'));
  change.defineUpdate(command.command('update').summary('change a scope'));
  change.defineDisable(command.command('disable').summary('take a scope out of use'));
  change.defineEnable(command.command('enable').summary('take a scope into use again'));
  list.defineSearch(command.command('search').summary("find scopes of everybody's, without a log-in"));
}
