import type { Command } from 'commander';
import { openApi, openPublicApi, path } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { OPERATE, PUBLIC } from '../api-scopes.ts';
import { organizationName, organization as organizationShape } from '../api-shapes.ts';
import { findOrganization, organizationView } from '../find-organization.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt org list` */
export function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the organisations of the server. For the operator.')
    .action(async (options: ListOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'with what they may administer', run: 'portvakt org list' },
      { does: 'numbers and names', run: 'portvakt org list --columns orgno,name --sort name' },
    ],
    seeAlso: ['portvakt org create', 'portvakt org lookup'],
  });
}

/** `portvakt org show` */
export function defineShow(command: Command): void {
  command
    .description('Shows an organisation of the server. For the operator.')
    .argument('<orgno>', 'organisation number; a foreign one with the code of its register')
    .action(async (orgno: string) => show(orgno, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'by its number', run: 'portvakt org show 310555037' },
      { does: 'for a program', run: 'portvakt org show 0192:310555037 -o json' },
    ],
    seeAlso: ['portvakt org update', 'portvakt org lookup'],
  });
}

/** `portvakt org lookup` */
export function defineLookup(command: Command): void {
  command
    .description("Looks up an organisation's name. It takes no log-in.")
    .argument('<orgno>', 'organisation number; a foreign one with the code of its register')
    .action(async (orgno: string) => lookup(orgno, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'whose number it is', run: 'portvakt org lookup 310555037' },
      { does: 'the name alone', run: 'portvakt org lookup 310555037 --columns name -o csv --no-headers' },
    ],
    seeAlso: ['portvakt org show', 'portvakt prefix list'],
  });
}

async function list(part: ListOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const organizations = await readPages(api, '/operator/organizations', { shape: organizationShape, scopes: OPERATE, part });
  await terminal.answer(sorted(api, organizations, organizationView), organizationView);
}

async function show(orgno: string, terminal: Terminal): Promise<void> {
  await terminal.answer((await findOrganization(await openApi(terminal), orgno)).object, organizationView);
}

async function lookup(orgno: string, terminal: Terminal): Promise<void> {
  const api = await openPublicApi(terminal);
  const { object } = await api.get(path`/organizations/${readOrgno(orgno)}`, organizationName, PUBLIC);
  await terminal.answer(object, nameView);
}

const nameView: View<{ readonly orgnr: string; readonly name: string }> = {
  fields: [{ name: 'orgnr', heading: 'org' }, { name: 'name' }],
  name: ({ orgnr }) => `org/${orgnr}`,
};
