import type { Command } from 'commander';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';
import { version } from '../version.ts';

/** `portvakt version`. Offline. */
export function define(command: Command): void {
  command.description('Shows the version of this program, and what it runs on.').action(async () => show(Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'for a report of a fault', run: 'portvakt version' },
      { does: 'for a program', run: 'portvakt version -o json' },
    ],
    seeAlso: ['portvakt doctor'],
  });
}

type Version = { readonly version: string; readonly node: string; readonly platform: string };

async function show(terminal: Terminal): Promise<void> {
  const { version: node, platform, arch } = process;
  await terminal.answer({ version: version(), node: node.slice(1), platform: `${platform}-${arch}` }, view);
}

const view: View<Version> = {
  fields: [{ name: 'version' }, { name: 'node' }, { name: 'platform' }],
  name: ({ version }) => `version/${version}`,
};
