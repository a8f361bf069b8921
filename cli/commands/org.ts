import type { Command } from 'commander';
import * as change from './org-change.ts';
import * as list from './org-list.ts';

/** `portvakt org list | show | create | update | disable | enable | lookup` */
export function define(command: Command): void {
  command.description('Registers the organisations of a server, and looks them up.');
  list.defineList(command.command('list').summary('list organisations (operator)'));
  list.defineShow(command.command('show').summary('show an organisation (operator)'));
  change.defineCreate(command.command('create').summary('register an organisation (operator)'));
  change.defineUpdate(command.command('update').summary('change an organisation (operator)'));
  change.defineDisable(command.command('disable').summary('stop all tokens of an organisation (operator)'));
  change.defineEnable(command.command('enable').summary('let it have tokens again (operator)'));
  list.defineLookup(command.command('lookup').summary("look up an organisation's name"));
}
