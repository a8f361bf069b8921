import type { Command } from 'commander';
import * as generate from './key-generate.ts';
import * as register from './key-register.ts';
import * as rotate from './key-rotate.ts';

/** `portvakt key list | add | generate | rotate | remove` */
export function define(command: Command): void {
  command.description('Makes keys for clients, and registers them. The private key stays on this machine.');
  register.defineList(command.command('list').summary('list the keys of a client'));
  register.defineAdd(command.command('add').summary('register a public key on a client'));
  generate.define(command.command('generate').summary('make a key pair'));
  rotate.define(command.command('rotate').summary('put a new key in the place of an old one'));
  register.defineRemove(command.command('remove').summary('take a key from a client'));
}
