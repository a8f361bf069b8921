import { createHash } from 'node:crypto';
import { type Command, Option } from 'commander';
import { type Certificate, readCertificate } from '../../keys/x509/certificate.ts';
import { COMMON_NAME, type Name } from '../../keys/x509/name.ts';
import { Refusal } from '../../keys/x509/refusal.ts';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import { readDerFiles, unreadable } from '../certificate-files.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { trustedAuthorities } from '../find-trust.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';
import { addOne, type Outcome, pem, settingsOf, warnOfSilence } from '../trust-adding.ts';
import { PRESETS, type Preset, type PresetAuthority } from '../trust-presets.ts';

/** `portvakt trust preset list | show | add` */
export function define(command: Command): void {
  command.description('What is known of the CAs of Norwegian enterprise certificates, to be bound to their certificates.');
  defineList(command.command('list').summary('list the presets'));
  defineShow(command.command('show').summary('show the CAs of a preset'));
  defineAdd(command.command('add').summary('trust CAs of a preset'));
}

function defineList(command: Command): void {
  command.description('Lists the presets. Offline.').action(async () => list(Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what there is', run: 'portvakt trust preset list' },
      { does: 'for a program', run: 'portvakt trust preset list -o json' },
    ],
    seeAlso: ['portvakt trust preset show', 'portvakt trust preset add'],
  });
}

function defineShow(command: Command): void {
  command
    .description('Shows the CAs of a preset: how their certificates are known, and what is said of them. Offline.')
    .argument('<name>', 'norway-production or norway-test')
    .action(async (name: string) => show(name, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'the CAs, and where their lists are', run: 'portvakt trust preset show norway-production' },
      { does: 'with their policies', run: 'portvakt trust preset show norway-test -o wide' },
    ],
    seeAlso: ['portvakt trust preset add', 'portvakt trust list'],
  });
}

function defineAdd(command: Command): void {
  changeOptions(command)
    .description('Trusts CAs of a preset by their certificates, which you have fetched from the CAs themselves.')
    .argument('<name>', 'norway-production or norway-test')
    .addOption(
      new Option('--certificate <file>', 'certificates of CAs of the preset, PEM or DER; may be repeated')
        .argParser((text: string, before: readonly string[] = []) => [...before, text])
        .makeOptionMandatory(),
    )
    .action(async (name: string, options: AddOptions) => add(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'tried', run: 'portvakt trust preset add norway-test \\\n  --certificate norwegian-ca.pem --dry-run' },
      {
        does: 'the same, for a program',
        run: 'portvakt trust preset add norway-test \\\n  --certificate norwegian-ca.pem --dry-run -o json',
      },
    ],
    seeAlso: ['portvakt trust preset show', 'portvakt trust refresh', 'portvakt cert check'],
  });
}

async function list(terminal: Terminal): Promise<void> {
  const rows = PRESETS.map(({ name, environment, authorities }) => ({
    ...{ name, environment },
    authorities: authorities.map(({ subject }) => subject),
  }));
  await terminal.answer({ items: rows, next: null }, presetView);
}

async function show(name: string, terminal: Terminal): Promise<void> {
  await terminal.answer({ items: findPreset(name).authorities, next: null }, authorityView);
}

function findPreset(name: string): Preset {
  const found = PRESETS.find((preset) => preset.name === name);
  if (found) return found;
  const near = nearest(
    name,
    PRESETS.map((preset) => preset.name),
  );
  throw new Failure('not-found', `there is no preset ${name}`, {
    fix: near === undefined ? 'portvakt trust preset list' : `did you mean ${near}?`,
  });
}

type AddOptions = ChangeOptions & { readonly certificate: readonly string[] };

/** A CA of a preset, bound to the certificate of a file. */
type Bound = { readonly authority: PresetAuthority; readonly der: Buffer; readonly id: string };

async function add(name: string, options: AddOptions, terminal: Terminal): Promise<void> {
  const preset = findPreset(name);
  const bound = await bind(preset, options.certificate);
  const api = await openApi(terminal, options);
  const { environment } = await settingsOf(api);
  if (environment !== preset.environment)
    throw new Failure('invalid', `${name} is for ${preset.environment}, and this server for ${environment}; nothing was sent`, {
      fix: 'portvakt trust preset list',
    });
  const present = new Set((await trustedAuthorities(api)).map(({ id }) => id));
  const fresh = bound.filter(({ id }) => !present.has(id));
  for (const { id, authority } of fresh) terminal.tell(`+ ${authority.subject}\n  SHA-256 ${id}`);
  if (fresh.length > 0) {
    const what = `CAs that are trusted: ${fresh.length}. Compare each SHA-256 with what the CA publishes: a name can be copied.`;
    await confirm(api, options, { what, takesAway: false, weighs: true });
  }
  await addAll(api, bound, present);
}

async function addAll(api: ApiClient, bound: readonly Bound[], present: ReadonlySet<string>): Promise<void> {
  const outcomes: (Outcome & { readonly bound: Bound })[] = [];
  for (const each of bound) {
    const outcome: Outcome = present.has(each.id) ? { result: 'unchanged', message: null } : await addOne(api, bodyOf(each));
    outcomes.push({ ...outcome, bound: each });
  }
  const rows = outcomes.map(({ result, message, bound: { id, authority } }): Added => ({ id, result, message, ...authority }));
  await api.terminal.answer({ items: rows, next: null }, addedView);
  const count = (wanted: Outcome['result']) => outcomes.filter(({ result }) => result === wanted).length;
  const summary = `${count('added')} added, ${count('unchanged')} unchanged, ${count('failed')} failed`;
  api.terminal.say(api.dryRun ? `dry run, nothing is stored: ${summary}` : summary);
  warnOfSilence(
    api,
    outcomes.flatMap(({ entry }) => entry ?? []),
  );
  if (count('failed') > 0) throw new Failure('invalid', summary);
  if (count('added') > 0 && !api.dryRun) api.terminal.next('portvakt trust refresh');
}

function bodyOf({ authority, der }: Bound): object {
  const { profile, organization_namespaces, crl_urls, revocation } = authority;
  return { certificate: pem(der), role: 'anchor', profile, organization_namespaces, crl_urls, revocation };
}

/** The certificates of the files, each with the CA of the preset whose it is by its names. @throws {Failure} `invalid` for any other */
async function bind({ name, authorities }: Preset, files: readonly string[]): Promise<readonly Bound[]> {
  const bound = new Map<string, Bound>();
  for (const file of files) {
    for (const der of await readDerFiles([file], 'CERTIFICATE')) {
      const names = namesOf(file, der);
      const authority = authorities.find(({ subject, issuer }) => subject === names.subject && issuer === names.issuer);
      if (!authority)
        throw new Failure('invalid', `${file}: "${names.subject}" by "${names.issuer}" is no CA of ${name}; nothing was sent`, {
          reason: 'a preset trusts the CAs that issue enterprise certificates, and neither their roots nor others',
          fix: `portvakt trust preset show ${name}`,
        });
      const id = createHash('sha256').update(der).digest('hex');
      bound.set(id, { authority, der, id });
    }
  }
  return [...bound.values()];
}

function namesOf(file: string, der: Buffer): { readonly subject: string; readonly issuer: string } {
  try {
    const { subject, issuer }: Certificate = readCertificate(der);
    return { subject: commonName(subject), issuer: commonName(issuer) };
  } catch (error) {
    if (error instanceof Refusal) throw unreadable(file, error);
    throw error;
  }
}

/** A name with several of them is none that is known. */
function commonName({ attributes }: Name): string {
  return attributes
    .filter(({ oid }) => oid === COMMON_NAME)
    .map(({ text = '' }) => text)
    .join(' and ');
}

type PresetRow = { readonly name: string; readonly environment: string; readonly authorities: readonly string[] };

const presetView: View<PresetRow> = {
  fields: [
    { name: 'name' },
    { name: 'environment' },
    { name: 'authorities', text: ({ authorities }) => `${authorities.length} CAs` },
  ],
  name: ({ name }) => `preset/${name}`,
};

const authorityView: View<PresetAuthority> = {
  fields: [
    { name: 'subject' },
    { name: 'issuer' },
    { name: 'profile' },
    { name: 'revocation' },
    { name: 'crl_urls' },
    { name: 'organization_namespaces', heading: 'registers', wide: true },
    { name: 'policies', wide: true },
  ],
  name: ({ subject }) => `ca/${subject}`,
};

type Added = PresetAuthority & Pick<Outcome, 'result' | 'message'> & { readonly id: string };

const addedView: View<Added> = {
  fields: [
    { name: 'id', text: ({ id }) => id.slice(0, 16) },
    { name: 'result' },
    { name: 'subject' },
    { name: 'profile' },
    { name: 'revocation' },
    { name: 'crl_urls' },
    { name: 'message' },
    { name: 'organization_namespaces', heading: 'registers', wide: true },
    { name: 'issuer', wide: true },
    { name: 'policies', wide: true },
  ],
  name: ({ id }) => `trust/${id}`,
};
