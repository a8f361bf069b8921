import { type Command, Option } from 'commander';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions, several } from '../api-options.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { trustedAuthorities } from '../find-trust.ts';
import { document } from '../help.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import { printable } from '../table.ts';
import { Terminal } from '../terminal.ts';
import { addOne, type Outcome, pem, removeOne, settingsOf, warnOfSilence } from '../trust-adding.ts';
import type { TrustEntry } from '../trust-shapes.ts';
import { toTrustRow } from '../trust-view.ts';
import { planImport, type Registers, registersOf, SEAL_PROFILE, type Step, type Subject } from '../trusted-list/plan.ts';
import type { Scheme } from '../trusted-list/scheme.ts';
import { assertUsable, held, readSigners, readTrustedList } from '../trusted-list-file.ts';

/** `portvakt trust import` */
export function define(command: Command): void {
  const options = [
    new Option('--signer <file>', 'certificate of who signs the list, PEM or DER; may be repeated')
      .argParser(oneMore)
      .makeOptionMandatory(),
    new Option('--country <code>', 'refuse the list of another country, such as NO; may be repeated').argParser(several),
    new Option('--environment <name>', "refuse unless it is this server's").choices(['test', 'production']),
    new Option('--revocation <policy>', 'what is demanded below each').choices(['require', 'grace', 'soft', 'off']),
    new Option('--prune', 'trust no longer what the list has withdrawn'),
    new Option('--allow-expired', 'take a list that is past its next update'),
  ];
  for (const option of options) command.addOption(option.helpGroup('What is taken:'));
  changeOptions(command)
    .description(
      'Trusts the CAs that a signed EU trusted list (ETSI TS 119 612) names for electronic seals, and no others of it.',
    )
    .argument('<file>', 'the list, XML, as it was published')
    .action(async (file: string, options: ImportOptions) => importList(file, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would be trusted', run: 'portvakt trust import list.xml --signer signer.pem --country SE --dry-run' },
      {
        does: 'the same, for a program, with what has been withdrawn',
        run: 'portvakt trust import list.xml --signer signer.pem --prune --dry-run -o json',
      },
    ],
    seeAlso: ['portvakt trust list', 'portvakt trust update', 'portvakt trust refresh'],
  });
}

type ImportOptions = ChangeOptions & {
  readonly signer: readonly string[];
  readonly country?: readonly string[];
  readonly environment?: string;
  readonly revocation?: string;
  readonly prune?: true;
  readonly allowExpired?: true;
};

/** A file's name may hold commas. */
function oneMore(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** What became of a CA. */
type Imported = Subject & {
  readonly result: Outcome['result'] | Exclude<Step['action'], 'add'>;
  readonly message: string | null;
};

async function importList(file: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const list = await readTrustedList(file, await readSigners(options.signer));
  const api = await openApi(terminal, options);
  const { now } = await api.moment();
  assertUsable(file, list, { now, countries: options.country ?? [], expired: options.allowExpired ?? false });
  const { environment, organization_namespaces: known } = await settingsOf(api);
  assertEnvironment(options.environment, environment);
  const present = (await trustedAuthorities(api)).map((entry) => toTrustRow(entry, [], now));
  const steps = held(file, () => planImport(list, { present, known, now }));
  tellList(terminal, list.scheme, registersOf(list.scheme, known));
  await confirmSteps(api, options, steps);
  const results: Imported[] = [];
  const added: TrustEntry[] = [];
  for (const step of steps) {
    const { row, entry } = await carryOut(api, step, options);
    if (entry) added.push(entry);
    results.push(row);
  }
  await terminal.answer({ items: results, next: null }, view);
  tellResults(api, results);
  warnOfSilence(api, added);
  const failed = results.filter(({ result }) => result === 'failed').length;
  if (failed > 0) throw new Failure('invalid', `${failed} of ${results.length} CAs were refused`);
}

function assertEnvironment(wished: string | undefined, actual: string): void {
  if (wished === undefined || wished === actual) return;
  throw new Failure('invalid', `this server is for ${actual}; nothing was sent`, { fix: 'choose the context of another server' });
}

/** What the list is, and which organisations its certificates will not be able to name. */
function tellList(terminal: Terminal, scheme: Scheme, { known, unknown }: Registers): void {
  const { operator, territory, sequence, issued, nextUpdate } = scheme;
  const until = nextUpdate === undefined ? 'closed' : `until ${rfc3339(nextUpdate)}`;
  terminal.tell(`list ${sequence} of ${territory} by ${printable(operator)}, issued ${rfc3339(issued)}, ${until}`);
  if (known.length > 0) terminal.tell(`organisations of: ${known.join(', ')}`);
  if (unknown.length > 0)
    terminal.tell(
      `left out: ${unknown.join(', ')}, which this server does not know; certificates.name_spaces of its configuration adds them`,
    );
}

/** Shows what will change before it is asked whether it may. */
async function confirmSteps(api: ApiClient, options: ImportOptions, steps: readonly Step[]): Promise<void> {
  const added = steps.filter(({ action }) => action === 'add');
  const removed = options.prune ? steps.filter(({ action }) => action === 'withdrawn') : [];
  if (added.length + removed.length === 0) return;
  for (const { id, subject, provider } of added) api.terminal.tell(printable(`+ ${id.slice(0, 16)}  ${subject} (${provider})`));
  for (const { id, subject, message } of removed) api.terminal.tell(printable(`- ${id.slice(0, 16)}  ${subject}: ${message}`));
  const counted = [
    ...(added.length > 0 ? [`CAs that are trusted: ${added.length}.`] : []),
    ...(removed.length > 0 ? [`CAs that are trusted no longer: ${removed.length}.`] : []),
  ];
  await confirm(api, options, { what: counted.join(' '), takesAway: removed.length > 0, weighs: true });
}

type CarriedOut = { readonly row: Imported; readonly entry?: TrustEntry };

async function carryOut(api: ApiClient, step: Step, { prune, revocation }: ImportOptions): Promise<CarriedOut> {
  if (step.action === 'add') {
    const { action: _, der, ...subject } = step;
    const { entry, ...outcome } = await addOne(api, bodyOf(step, revocation));
    return { row: { ...subject, ...outcome }, ...(entry && { entry }) };
  }
  const { action, ...subject } = step;
  if (action !== 'withdrawn' || !prune) return { row: { ...subject, result: action } };
  const { result, message } = await removeOne(api, step.id);
  return { row: { ...subject, result, message: result === 'removed' ? step.message : message } };
}

function bodyOf({ der, organization_namespaces, crl_urls, ocsp_url }: Step & { action: 'add' }, revocation?: string): object {
  return {
    ...{ certificate: pem(der), role: 'anchor', profile: SEAL_PROFILE, organization_namespaces, crl_urls },
    ...(ocsp_url !== undefined && { ocsp_url }),
    ...(revocation !== undefined && { revocation }),
  };
}

function tellResults({ terminal, dryRun }: ApiClient, results: readonly Imported[]): void {
  const kinds = ['added', 'unchanged', 'withdrawn', 'removed', 'not listed', 'left out', 'failed'] as const;
  const counts = kinds
    .map((kind) => [results.filter(({ result }) => result === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${count} ${kind}`);
  const summary = counts.join(', ') || 'the list names no CA for seals';
  terminal.say(dryRun ? `dry run, nothing is stored: ${summary}` : summary);
  if (!dryRun && results.some(({ result }) => result === 'withdrawn')) terminal.next('--prune trusts them no longer');
}

const view: View<Imported> = {
  fields: [
    { name: 'id', text: ({ id }) => id.slice(0, 16) },
    { name: 'result' },
    { name: 'subject' },
    { name: 'provider' },
    { name: 'organization_namespaces', heading: 'registers' },
    { name: 'message' },
    { name: 'service', wide: true },
    { name: 'crl_urls', wide: true },
    { name: 'ocsp_url', wide: true },
  ],
  name: ({ id }) => `trust/${id}`,
};
