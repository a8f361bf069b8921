import type { Command } from 'commander';
import * as exporting from './audit-export.ts';
import * as keys from './audit-keys.ts';
import * as verify from './audit-verify.ts';

/** `portvakt audit export | keys | verify` */
export function define(command: Command): void {
  command.description('Takes the audit out, and proves that nobody has bent it.');
  exporting.define(command.command('export').summary('write the whole audit out, sealed (operator)'));
  keys.define(command.command('keys').summary('print the public keys that checkpoints are verified with'));
  verify.define(command.command('verify').summary('verify an audit that was taken out, offline'));
}
