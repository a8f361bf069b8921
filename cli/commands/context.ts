import type { Command } from 'commander';
import { readOrgno } from '../api-options.ts';
import { contextNamed } from '../context.ts';
import { type Context, readContexts, writeContexts } from '../context-file.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { takePart } from '../shape.ts';
import { Terminal } from '../terminal.ts';
import * as show from './context-show.ts';

/** `portvakt context list | use | show | set | remove`. Offline. */
export function define(command: Command): void {
  command.description('Lists contexts, chooses between them and changes them. A context is a server, and as whom to use it.');
  defineList(command.command('list').summary('list contexts'));
  defineUse(command.command('use').summary('make a context the current one'));
  show.define(command.command('show').summary('show a context, and where each setting comes from'));
  defineSet(command.command('set').summary('change a context'));
  defineRemove(command.command('remove').summary('forget a context'));
}

function defineList(command: Command): void {
  command.description('Lists your contexts; the current one has a star.').action(async () => list(Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'all of them', run: 'portvakt context list' },
      { does: 'their names', run: 'portvakt context list --columns name --no-headers' },
    ],
    seeAlso: ['portvakt context use', 'portvakt login', 'portvakt help contexts'],
  });
}

function defineUse(command: Command): void {
  command
    .description('Makes a context the current one, which counts where none is named.')
    .argument('<name>', 'name of the context')
    .action(async (name: string) => use(name, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'from now on', run: 'portvakt context use demo-owner-admin' },
      { does: 'for one call, instead', run: 'portvakt whoami --context demo-owner-admin' },
    ],
    seeAlso: ['portvakt context list', 'portvakt whoami'],
  });
}

function defineSet(command: Command): void {
  command
    .description('Changes a context. How it logs in is changed by portvakt login --name NAME.')
    .argument('<name>', 'name of the context')
    .option('--protected', 'ask before every change, and for the name of the context before what takes away')
    .option('--no-protected', 'ask only before what takes away')
    .option('--org <orgno>', 'the organisation that it speaks for, as it is shown')
    .action(async (name: string, options: SetOptions) => set(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what runs in production', run: 'portvakt context set demo-operator --protected' },
      { does: 'and back', run: 'portvakt context set demo-operator --no-protected' },
    ],
    seeAlso: ['portvakt login', 'portvakt help contexts'],
  });
}

function defineRemove(command: Command): void {
  command
    .description('Forgets a context. Nothing is changed at the server, and key files stay where they are.')
    .argument('<name>', 'name of the context')
    .option('--if-exists', 'succeed when there is none')
    .action(async (name: string, options: RemoveOptions) => remove(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'one that is there', run: 'portvakt context remove own' },
      { does: 'in a script that may run twice', run: 'portvakt context remove own --if-exists' },
    ],
    seeAlso: ['portvakt logout', 'portvakt context list'],
  });
}

type SetOptions = { readonly protected?: boolean; readonly org?: string };
type RemoveOptions = { readonly ifExists?: boolean };

/** A context as it is listed. */
type Listed = {
  readonly name: string;
  readonly current: boolean;
  readonly server: string;
  readonly org: string | null;
  readonly auth: string | null;
  readonly protected: boolean;
};

async function list(terminal: Terminal): Promise<void> {
  const { contexts, current } = await readContexts();
  const rows = Object.entries(contexts).map(([name, context]) => toListed(name, context, current));
  const { sort } = terminal.options;
  await terminal.answer(takePart(rows, view, { limit: 0, all: true, ...(sort !== undefined && { sort }) }), view);
  if (rows.length === 0) terminal.next('portvakt login --server URL --client-id ID --key FILE');
}

async function use(name: string, terminal: Terminal): Promise<void> {
  const contexts = await readContexts();
  const context = contextNamed(name, contexts);
  await writeContexts({ ...contexts, current: name });
  terminal.say(`${name} is the current context`);
  await terminal.answer(toListed(name, context, name), view);
}

async function set(name: string, { protected: isProtected, org }: SetOptions, terminal: Terminal): Promise<void> {
  if (isProtected === undefined && org === undefined)
    throw new Failure('usage', 'nothing is to be changed', { fix: 'give --protected, --no-protected or --org' });
  const contexts = await readContexts();
  const { name: _, protected: was = false, ...rest } = contextNamed(name, contexts);
  const kept = isProtected ?? was;
  const context = { ...rest, ...(org !== undefined && { org: readOrgno(org) }), ...(kept && { protected: true }) };
  await writeContexts({ ...contexts, contexts: { ...contexts.contexts, [name]: context } });
  terminal.say(`context ${name} is changed`);
  await terminal.answer(toListed(name, context, contexts.current), view);
}

async function remove(name: string, { ifExists }: RemoveOptions, terminal: Terminal): Promise<void> {
  const { current, contexts } = await readContexts();
  if (ifExists && !Object.hasOwn(contexts, name)) return terminal.say(`there is no context ${name}`);
  const context = contextNamed(name, { contexts });
  const { [name]: _, ...kept } = contexts;
  await writeContexts({ ...(current !== undefined && current !== name && { current }), contexts: kept });
  terminal.say(`context ${name} is forgotten${current === name ? ', and none is the current one' : ''}`);
  await terminal.answer(toListed(name, context, undefined), view);
}

function toListed(
  name: string,
  { server, org, auth, protected: isProtected = false }: Context,
  current: string | undefined,
): Listed {
  return { name, current: name === current, server, org: org ?? null, auth: auth?.type ?? null, protected: isProtected };
}

const view: View<Listed> = {
  fields: [
    { name: 'current', text: ({ current }) => (current ? '*' : '') },
    { name: 'name' },
    { name: 'server' },
    { name: 'org' },
    { name: 'auth', text: ({ auth }) => auth ?? 'logged out' },
    { name: 'protected', text: (row) => (row.protected ? 'yes' : 'no') },
  ],
  name: ({ name }) => `context/${name}`,
};
