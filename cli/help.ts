import { type Command, Help } from 'commander';

/** A command line that works as it stands, and what it does. A test runs every one of them. */
export type Example = { readonly does: string; readonly run: string };

export type Documentation = { readonly examples: readonly Example[]; readonly seeAlso?: readonly string[] };

const documentation = new WeakMap<Command, Documentation>();

/** Gives the command its examples, and the commands that belong to it. */
export function document(command: Command, about: Documentation): Command {
  documentation.set(command, about);
  return command;
}

/** The command's own examples; a noun shows the first of each of its verbs. */
export function examplesOf(command: Command): readonly Example[] {
  return documentation.get(command)?.examples ?? command.commands.flatMap((verb) => examplesOf(verb).slice(0, 1));
}

/** Help as user-experience §10 has it: a sentence, then examples, then flags by group, then where to read on. */
export function formatHelp(command: Command, helper: Help): string {
  const { seeAlso = ['portvakt help exit-codes'] } = documentation.get(command) ?? {};
  const examples = examplesOf(command).flatMap(({ does, run }) => [`  # ${does}`, `  $ ${run.replaceAll('\n', '\n    ')}`, '']);
  const flags = Help.prototype.formatHelp.call(helper, command, helper);
  return [
    helper.boxWrap(command.description(), helper.helpWidth ?? 80),
    '',
    ...(examples.length === 0 ? [] : [helper.styleTitle('Examples:'), ...examples]),
    `${flags}\n${helper.boxWrap(`See also: ${seeAlso.join(', ')}`, helper.helpWidth ?? 80)}`,
    '',
  ].join('\n');
}
