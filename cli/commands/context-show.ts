import type { Command } from 'commander';
import { findCliConfig } from '../config-file.ts';
import { contextNamed } from '../context.ts';
import { type Auth, contextFilePath, readContexts } from '../context-file.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { DEV_ISSUER } from '../issuer.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt context show` */
export function define(command: Command): void {
  command
    .description('Shows a context with the settings that count for it; with --origin also where each comes from.')
    .argument('[name]', 'name of the context; default: the one that counts')
    .option('--origin', 'where each value comes from')
    .action(async (name: string | undefined, options: ShowOptions) => show(name, options, command));
  document(command, {
    examples: [
      { does: 'the one that counts', run: 'portvakt context show' },
      { does: 'where each setting comes from', run: 'portvakt context show --origin --context demo-operator' },
    ],
    seeAlso: ['portvakt context list', 'portvakt help contexts'],
  });
}

type ShowOptions = { readonly origin?: boolean };

/** A setting that counts, and where it comes from. */
type Setting = { readonly setting: string; readonly value: string; readonly origin: string };

async function show(name: string | undefined, { origin }: ShowOptions, command: Command): Promise<void> {
  const terminal = Terminal.of(command);
  const settings = [...(await contextSettings(name, command)), ...(await flagSettings(command))];
  const fields = [{ name: 'setting' }, { name: 'value' }] as const;
  const view: View<Setting> = {
    fields: origin ? [...fields, { name: 'origin' }] : fields,
    name: ({ setting, value }) => `${setting}/${value}`,
  };
  await terminal.answer({ items: settings, next: null }, view);
}

async function contextSettings(named: string | undefined, command: Command): Promise<readonly Setting[]> {
  const contexts = await readContexts();
  const chosen = command.optsWithGlobals<{ context?: string }>().context;
  const name = named ?? chosen ?? contexts.current;
  if (name === undefined) return serverWithoutContext();
  const file = contextFilePath();
  const context = contextNamed(name, contexts);
  const values: Readonly<Record<string, string | undefined>> = {
    server: context.server,
    org: context.org,
    ...authSettings(context.auth),
    scopes: context.scopes?.join(' '),
    protected: context.protected ? 'true' : 'false',
  };
  const rows = Object.entries(values).flatMap(([setting, value]) =>
    value === undefined ? [] : { setting, value, origin: file },
  );
  const origin =
    named !== undefined ? 'argument' : chosen === undefined ? `${file}: current` : await originOf('context', command);
  return [{ setting: 'context', value: name, origin }, ...rows];
}

/** What a command that needs no log-in would ask. */
async function serverWithoutContext(): Promise<readonly Setting[]> {
  const { PORTVAKT_ISSUER } = process.env;
  if (PORTVAKT_ISSUER !== undefined) return [{ setting: 'server', value: PORTVAKT_ISSUER, origin: 'PORTVAKT_ISSUER' }];
  const config = await findCliConfig();
  if (config?.issuer !== undefined) return [{ setting: 'server', value: config.issuer, origin: config.file }];
  return [{ setting: 'server', value: DEV_ISSUER, origin: 'default' }];
}

function authSettings(auth: Auth | undefined): Readonly<Record<string, string | undefined>> {
  if (!auth) return { auth: 'none' };
  const { type, ...rest } = auth;
  return { auth: type, ...rest };
}

/** Settings that are flags as well. */
async function flagSettings(command: Command): Promise<readonly Setting[]> {
  const options = command.optsWithGlobals<Readonly<Record<string, unknown>>>();
  const rows = ['output', 'color', 'timeout'].map(async (setting) => ({
    setting,
    value: String(options[setting]),
    origin: await originOf(setting, command),
  }));
  return Promise.all(rows);
}

async function originOf(setting: string, command: Command): Promise<string> {
  switch (command.getOptionValueSourceWithGlobals(setting)) {
    case 'cli':
      return `--${setting}`;
    case 'env':
      return `PORTVAKT_${setting.toUpperCase()}`;
    case 'config':
      return (await findCliConfig())?.file ?? 'portvakt.yaml';
    case 'default':
      return 'default';
    default:
      throw new Failure('unexpected', `nobody knows where ${setting} comes from`);
  }
}
