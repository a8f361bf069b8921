import { type Command, CommanderError, type Option } from 'commander';
import { isKind, type Kind, refresh, valuesOf } from './completion-values.ts';
import { createProgram } from './program.ts';

/**
 * `portvakt __complete WORD…`: prints what may stand in the place of the last word, one a line. It is called by the scripts of
 * `portvakt completion`, and never fails: a shell in the middle of a line is no place for a message. user-experience §10
 */
export async function complete(words: readonly string[]): Promise<void> {
  process.env.CI = '1'; // so that nothing asks for a password
  const [first, kind = ''] = words;
  try {
    if (first === '--refresh' && isKind(kind)) return void (await refresh(kind));
    const candidates = await candidatesFor(words.slice(0, -1), words.at(-1) ?? '');
    process.stdout.write(candidates.map((candidate) => `${candidate}\n`).join(''));
  } catch {
    process.exitCode = 0;
  }
}

async function candidatesFor(before: readonly string[], word: string): Promise<readonly string[]> {
  const { command, operands, awaiting } = await read(before);
  const all = awaiting
    ? await valuesForOption(awaiting)
    : word.startsWith('-')
      ? flagsOf(command)
      : await valuesAt(command, operands);
  return [...new Set(all)].filter((candidate) => candidate.startsWith(word)).sort();
}

/** Where in the line the word stands: in which command, after how many operands, and as the value of which option. */
type Place = { readonly command: Command; readonly operands: number; readonly awaiting?: Option };

async function read(before: readonly string[]): Promise<Place> {
  const program = createProgram();
  let command = program;
  let operands = 0;
  let awaiting: Option | undefined;
  for (const each of before) {
    if (awaiting) {
      if (awaiting.attributeName() === 'context') process.env.PORTVAKT_CONTEXT = each;
      awaiting = undefined;
    } else if (each.startsWith('-')) awaiting = optionThatAwaits(each, command);
    else {
      const verb = command.commands.find((candidate) => candidate.name() === each);
      if (verb && command === program) await load(program, each);
      if (verb) command = verb;
      else operands++;
    }
  }
  return { command, operands, ...(awaiting && { awaiting }) };
}

/** The file of a command is loaded when the command is called. */
async function load(program: Command, name: string): Promise<void> {
  for (const command of program.commands) command.configureOutput({ writeOut: () => {} });
  try {
    await program.parseAsync([name, '--help'], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
}

function optionsOf(command: Command): readonly Option[] {
  return command.parent ? [...command.options, ...optionsOf(command.parent)] : command.options;
}

function optionThatAwaits(word: string, command: Command): Option | undefined {
  if (word.includes('=')) return undefined;
  return optionsOf(command).find(({ short, long, required }) => required && [short, long].includes(word));
}

function flagsOf(command: Command): readonly string[] {
  return [...optionsOf(command).flatMap(({ long }) => long ?? []), '--help'];
}

/** Which values stand behind a flag or an operand of that name. */
const KINDS: Readonly<Record<string, Kind>> = {
  scope: 'scopes',
  addScope: 'scopes',
  removeScope: 'scopes',
  client: 'clients',
  orgno: 'orgs',
  asOrg: 'orgs',
  consumer: 'orgs',
  consumerOrg: 'orgs',
  prefix: 'prefixes',
  context: 'contexts',
};

async function valuesForOption(option: Option): Promise<readonly string[]> {
  const kind = KINDS[option.attributeName()];
  return option.argChoices ?? (kind ? valuesOf(kind) : []);
}

async function valuesAt(command: Command, operands: number): Promise<readonly string[]> {
  if (command.commands.length > 0) return command.commands.map((verb) => verb.name());
  const argument = command.registeredArguments[operands] ?? command.registeredArguments.findLast(({ variadic }) => variadic);
  if (!argument) return [];
  const kind = argument.name() === 'name' && command.parent?.name() === 'context' ? 'contexts' : KINDS[argument.name()];
  return argument.argChoices ?? (kind ? valuesOf(kind) : []);
}
