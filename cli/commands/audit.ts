import type { Command } from 'commander';
import * as exporting from './audit-export.ts';
import * as keys from './audit-keys.ts';
import * as list from './audit-list.ts';
import * as tail from './audit-tail.ts';
import * as verify from './audit-verify.ts';

/** `portvakt audit list | tail | export | keys | verify` */
export function define(command: Command): void {
  command.description('Shows the audit, takes it out, and proves that nobody has bent it.');
  list.define(command.command('list').summary('what the own organisation did, and what was done in its name'));
  tail.define(command.command('tail').summary('the last records, and those that come'));
  exporting.define(command.command('export').summary('write the audit out, sealed'));
  keys.define(command.command('keys').summary('print the public keys that checkpoints are verified with'));
  verify.define(command.command('verify').summary('verify an audit that was taken out, offline'));
}
