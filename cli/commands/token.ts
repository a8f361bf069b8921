import type { Command } from 'commander';
import * as get from './token-get.ts';
import * as inspect from './token-inspect.ts';
import * as mint from './token-mint.ts';
import * as verify from './token-verify.ts';

/** `portvakt token get | inspect | verify | mint` */
export function define(command: Command): void {
  command.description('Gets access tokens, looks into them, and verifies them.');
  get.define(command.command('get').summary('get a token from the token endpoint'));
  inspect.define(command.command('inspect').summary('show what a token says, offline and unverified'));
  verify.define(command.command('verify').summary("verify a token with the issuer's keys"));
  mint.define(command.command('mint').summary('mint one with a fault, to test a verifier (dev and test)'));
}
