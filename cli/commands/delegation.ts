import type { Command } from 'commander';
import * as change from './delegation-change.ts';
import * as check from './delegation-check.ts';
import * as bulk from './delegation-import.ts';
import * as list from './delegation-list.ts';

/** `portvakt delegation list | give | revoke | check | import` */
export function define(command: Command): void {
  command.description('Says which suppliers may fetch tokens for your organisation, and for whom yours may.');
  list.define(command.command('list').summary('list delegations given and received'));
  change.defineGive(command.command('give').summary('let a supplier fetch tokens for your organisation'));
  change.defineRevoke(command.command('revoke').summary('end a delegation, or give it back'));
  check.define(command.command('check').summary('ask whether a supplier would get a token'));
  bulk.define(command.command('import').summary('give everything in a file'));
}
