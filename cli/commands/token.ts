import type { Command } from 'commander';
import * as get from './token-get.ts';
import * as inspect from './token-inspect.ts';
import * as verify from './token-verify.ts';

/** `portvakt token get | inspect | verify` */
export function define(command: Command): void {
  command.description('Gets access tokens, looks into them, and verifies them.');
  get.define(command.command('get').summary('get a token from the token endpoint'));
  inspect.define(command.command('inspect').summary('show what a token says, offline and unverified'));
  verify.define(command.command('verify').summary("verify a token with the issuer's keys"));
}
