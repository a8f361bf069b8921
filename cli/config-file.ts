import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from './failure.ts';
import { isRecord } from './json.ts';

/** What a `portvakt.yaml` says to the command line: its member `cli`, and the issuer. */
export type CliConfig = {
  readonly file: string;
  readonly issuer?: string;
  /** Text as it would stand after the flag of that name. */
  readonly cli: Readonly<Partial<Record<CliSetting, string>>>;
};

const SETTINGS = ['context', 'output', 'timeout', 'color'] as const;

/** A flag that may stand in the file. */
export type CliSetting = (typeof SETTINGS)[number];

/**
 * Reads the nearest `portvakt.yaml` from the folder upwards, as user-experience §4 has it. One that is no YAML is passed over:
 * `portvakt serve` says what is wrong with it.
 * @throws {Failure} `config`, for a member of `cli` that is none
 */
export async function findCliConfig(folder: string = process.cwd()): Promise<CliConfig | undefined> {
  const file = join(folder, 'portvakt.yaml');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (!['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(error.code ?? '')) throw error;
  });
  if (text !== undefined) return parse(resolve(file), text);
  return dirname(folder) === folder ? undefined : findCliConfig(dirname(folder));
}

/** Sets the program's flags that neither the command line nor the environment has set. @throws {Failure} `config`, for a bad value */
export async function applyCliConfig(program: Command): Promise<void> {
  const config = await findCliConfig();
  for (const [name, value] of Object.entries(config?.cli ?? {})) {
    const option = program.options.find((candidate) => candidate.attributeName() === name);
    const source = program.getOptionValueSource(name);
    if (!option || (source !== undefined && source !== 'default')) continue;
    try {
      program.setOptionValueWithSource(name, option.parseArg ? option.parseArg(value, undefined) : value, 'config');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Failure('config', `${config?.file}: cli.${name}: ${reason}`, { cause });
    }
  }
}

async function parse(file: string, text: string): Promise<CliConfig> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const config: unknown = document.errors.length === 0 ? document.toJS() : {};
  if (!isRecord(config)) return { file, cli: {} };
  const { issuer, cli = {} } = config;
  return { file, ...(typeof issuer === 'string' && { issuer }), cli: settings(file, cli) };
}

function settings(file: string, cli: unknown): CliConfig['cli'] {
  if (!isRecord(cli)) throw new Failure('config', `${file}: cli: must hold names and values`);
  const unknown = Object.keys(cli).find((name) => !(SETTINGS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new Failure('config', `${file}: cli.${unknown}: is not a setting`, { fix: `the settings are ${SETTINGS.join(', ')}` });
  }
  return Object.fromEntries(Object.entries(cli).map(([name, value]) => [name, String(value)]));
}
