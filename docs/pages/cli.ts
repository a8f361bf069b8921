import { type Command, CommanderError, Help, type Option } from 'commander';
import { EXITS } from '../../cli/exit.ts';
import { examplesOf } from '../../cli/help.ts';
import { createProgram } from '../../cli/program.ts';

/** docs/reference/cli.md: every command with its arguments, flags and examples, and the exit codes. */
export async function cliPage(): Promise<string> {
  const program = await wholeProgram();
  const commands = program.commands.flatMap(withVerbs).filter(({ commands }) => commands.length === 0);
  return [INTRODUCTION, flags('Flags of every command', program.options), exitCodes(), ...commands.map(section)].join('\n');
}

const INTRODUCTION = `# Command line

*Made from the program itself by \`npm run docs\`.*

In a checkout \`npm run -s portvakt -- …\` stands for \`portvakt …\`. Answers go to standard output, everything else to standard
error; \`-o json\` prints nothing but JSON.
`;

/** The program with the file of every command loaded, which otherwise happens when a command is called. */
export async function wholeProgram(): Promise<Command> {
  const program = createProgram().configureOutput({ writeOut: () => {} });
  for (const command of program.commands) {
    command.configureOutput({ writeOut: () => {} });
    await helpOf(command.name(), program);
  }
  return program;
}

async function helpOf(name: string, program: Command): Promise<void> {
  try {
    await program.parseAsync([name, '--help'], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  }
}

function withVerbs(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withVerbs)];
}

function section(command: Command): string {
  const examples = examplesOf(command).map(({ does, run }) => `# ${does}\n${run}\n`);
  return `## ${pathOf(command)}

${command.description() || command.summary()}

\`\`\`
${pathOf(command)} ${command.usage()}
\`\`\`
${operands(command)}${command.options.length === 0 ? '' : `\n${flagTable(command.options)}`}${examples.length === 0 ? '' : `\n\`\`\`sh\n${examples.join('\n')}\`\`\`\n`}`;
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function operands({ registeredArguments }: Command): string {
  const described = registeredArguments.filter(({ description }) => description);
  return described.length === 0 ? '' : `\n${described.map((one) => `- \`${one.name()}\`: ${one.description}\n`).join('')}`;
}

function flags(title: string, options: readonly Option[]): string {
  return `## ${title}\n\n${flagTable(options)}`;
}

function flagTable(options: readonly Option[]): string {
  const helper = new Help();
  const rows = options.map((option) => {
    return `| \`${option.flags.replaceAll('|', '\\|')}\` | ${helper.optionDescription(option).replaceAll('|', '\\|')} |\n`;
  });
  return `| Flag | Meaning |\n| --- | --- |\n${rows.join('')}`;
}

function exitCodes(): string {
  const rows = Object.entries(EXITS).map(([name, { code, when }]) => `| ${code} | ${name} | ${when} |\n`);
  return `## Exit codes\n\n| Code | Name | When |\n| --- | --- | --- |\n${rows.join('')}`;
}
