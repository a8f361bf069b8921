import type { Command } from 'commander';
import type { World } from '../../fixtures/world.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt world check | schema`: a world file describes a first installation. Offline. */
export function define(command: Command): void {
  command.description('Checks world files, which describe a first installation: organisations, scopes, clients, trust.');
  defineCheck(command.command('check').summary('tell every mistake in a world file'));
  defineSchema(command.command('schema').summary('print the JSON Schema of a world file'));
}

function defineCheck(command: Command): void {
  command
    .description('Reads a world file and those that it names, and tells every mistake with file, line and column.')
    .argument('<file>', 'world file, YAML or JSON')
    .action(async (file: string) => check(file, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'before it is installed', run: 'portvakt world check world.yaml' },
      { does: 'and tried', run: 'portvakt world check world.yaml && portvakt dev --seed world.yaml' },
    ],
    seeAlso: ['portvakt world schema', 'portvakt init', 'portvakt dev'],
  });
}

function defineSchema(command: Command): void {
  command.description('Prints the JSON Schema of a world file, for editors and for those who write one by program.');
  command.action(printSchema);
  document(command, {
    examples: [
      { does: 'to read', run: 'portvakt world schema' },
      { does: 'for an editor, which then completes and checks', run: 'portvakt world schema > world.schema.json' },
    ],
    seeAlso: ['portvakt world check'],
  });
}

/** What is counted of a world, in the order of the file's keys. */
const COUNTED = [
  ...(['organizations', 'prefixes', 'scopes', 'accesses', 'clients', 'trust'] as const),
  ...(['delegations', 'systems', 'system_users', 'consents', 'sources'] as const),
];

type Sizes = { readonly file: string } & Readonly<Record<(typeof COUNTED)[number], number>>;

async function check(file: string, terminal: Terminal): Promise<void> {
  const { readWorldFile } = await import('../../fixtures/world-file.ts');
  await terminal.answer(sizes(file, await readWorldFile(file)), view);
}

async function printSchema(): Promise<void> {
  const { worldJsonSchema } = await import('../../fixtures/world-schema.ts');
  process.stdout.write(`${JSON.stringify(worldJsonSchema(), null, 2)}\n`);
}

function sizes(file: string, { systemUsers, ...world }: World): Sizes {
  return {
    file,
    organizations: world.organizations.length,
    prefixes: world.prefixes.length,
    scopes: world.scopes.length,
    accesses: world.accesses.length,
    clients: world.clients.length,
    trust: world.trust.length,
    delegations: world.delegations.length,
    systems: world.systems.length,
    system_users: systemUsers.length,
    consents: world.consents.length,
    sources: world.sources.length,
  };
}

const view: View<Sizes> = {
  fields: (['file', ...COUNTED] as const).map((name) => ({ name })),
  name: ({ file }) => `world/${file}`,
};
