import type { Command } from 'commander';
import * as create from './assertion-create.ts';
import * as explain from './assertion-explain.ts';
import * as inspect from './assertion-inspect.ts';

/** `portvakt assertion create | inspect | explain` */
export function define(command: Command): void {
  command.description('Makes assertions, the JWTs that a client sends to get a token, and looks into them.');
  create.define(command.command('create').summary('sign an assertion'));
  inspect.define(command.command('inspect').summary('show what an assertion says, and what is wrong with its shape'));
  explain.define(command.command('explain').summary('have the server judge an assertion, check by check'));
}
