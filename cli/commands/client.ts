import type { Command } from 'commander';
import * as change from './client-change.ts';
import * as create from './client-create.ts';
import * as list from './client-list.ts';
import * as test from './client-test.ts';

/** `portvakt client list | show | create | update | disable | enable | test` */
export function define(command: Command): void {
  command.description('Registers clients, the programs that fetch tokens for your organisation.');
  list.defineList(command.command('list').summary("list your organisation's clients"));
  list.defineShow(command.command('show').summary('show a client'));
  create.define(command.command('create').summary('register a client'));
  change.defineUpdate(command.command('update').summary('change a client'));
  change.defineDisable(command.command('disable').summary('stop the tokens of a client'));
  change.defineEnable(command.command('enable').summary('let it have tokens again'));
  test.define(command.command('test').summary('try whether a client gets a token, and say why not'));
}
