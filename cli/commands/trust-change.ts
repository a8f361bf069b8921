import { type Command, Option } from 'commander';
import { openApi, path } from '../api-client.ts';
import { type ChangeOptions, changeOptions, several } from '../api-options.ts';
import { OPERATE } from '../api-scopes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { findTrust, readAuthorityFile } from '../find-trust.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { pem } from '../trust-adding.ts';
import { nothing, type TrustEntry, trustEntry } from '../trust-shapes.ts';
import { toTrustRow, trustView } from '../trust-view.ts';

/** `portvakt trust add` */
export function defineAdd(command: Command): void {
  saying(changeOptions(command))
    .description('Trusts a CA. Better the CA that issues enterprise certificates than its root, which may sign much else.')
    .argument('<file>', 'its certificate, PEM or DER')
    .action(async (file: string, options: SayOptions) => add(file, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'an issuing CA and its list, tried',
        run: 'portvakt trust add new-ca.pem --profile seid-2.0 \\\n  --crl http://crl.example.no/ca.crl --dry-run',
      },
      {
        does: 'a CA of seals for Swedish organisations, tried',
        run: 'portvakt trust add new-ca.pem --profile eidas-seal --register NTRSE \\\n  --crl http://crl.example.se/seal.crl --dry-run',
      },
    ],
    seeAlso: ['portvakt trust refresh', 'portvakt trust list'],
  });
}

/** `portvakt trust update` */
export function defineUpdate(command: Command): void {
  saying(changeOptions(command))
    .option('--no-crl', 'it publishes no list')
    .option('--no-ocsp', 'nobody answers about single certificates')
    .description('Changes what is said of a trusted CA; what is not named stays.')
    .argument('<ca>', 'its id, the beginning of that, or the file of its certificate')
    .action(async (named: string, options: SayOptions) => update(named, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'where its list is, tried', run: 'portvakt trust update ca.pem --crl http://crl.example.no/ca.crl --dry-run' },
      { does: 'lists may have ended for a while, tried', run: 'portvakt trust update ca.pem --revocation grace --dry-run' },
    ],
    seeAlso: ['portvakt trust show', 'portvakt trust refresh'],
  });
}

/** `portvakt trust remove` */
export function defineRemove(command: Command): void {
  changeOptions(command)
    .description('Trusts a CA no longer: certificates below it get no tokens from the next request on.')
    .argument('<ca>', 'its id, the beginning of that, or the file of its certificate')
    .action(async (named: string, options: ChangeOptions) => remove(named, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt trust remove ca.pem --dry-run' },
      { does: 'the same, for a program', run: 'portvakt trust remove ca.pem --dry-run -o json' },
    ],
    seeAlso: ['portvakt trust list', 'portvakt trust add'],
  });
}

type SayOptions = ChangeOptions & {
  readonly role?: string;
  readonly profile?: string;
  readonly crl?: readonly string[] | false;
  readonly ocsp?: string | false;
  readonly revocation?: string;
  readonly register?: readonly string[];
};

/** Adds the flags of {@link SayOptions}. */
function saying(command: Command): Command {
  const options = [
    new Option('--role <role>', 'anchor: trusted by itself; intermediate: helps to reach one').choices([
      'anchor',
      'intermediate',
    ]),
    new Option(
      '--profile <name>',
      'where the organisation stands in certificates below it: own-ca, seid-2.0, seid-1.0, eidas-seal',
    ),
    new Option('--crl <url>', 'where it publishes its list; may be repeated').argParser(oneMore),
    new Option('--ocsp <url>', 'who answers about one certificate'),
    new Option('--revocation <policy>', 'what is demanded below an anchor').choices(['require', 'grace', 'soft', 'off']),
    new Option('--register <prefix>', 'whose organisations it may name, such as NTRSE; may be repeated').argParser(several),
  ];
  for (const option of options) command.addOption(option.helpGroup('What is said of it:'));
  return command;
}

/** An address may hold commas. */
function oneMore(text: string, before: readonly string[] | false = []): readonly string[] {
  return [...(before || []), text];
}

/** The members that the flags name. */
function members({ role, profile, crl, ocsp, revocation, register }: SayOptions): object {
  const named = {
    ...{ role, profile, revocation, organization_namespaces: register },
    crl_urls: crl === false ? [] : crl,
    ocsp_url: ocsp === false ? undefined : ocsp,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

async function add(file: string, options: SayOptions, terminal: Terminal): Promise<void> {
  const certificate = pem(await readAuthorityFile(file));
  const api = await openApi(terminal, options);
  const { now } = await api.moment();
  await confirm(api, options, { what: `The CA of ${file} is trusted.`, takesAway: false });
  const body = { certificate, role: 'anchor', ...members(options) };
  const answer = await api.change('POST', '/operator/trust', { body, scopes: OPERATE, shape: trustEntry });
  const row = toTrustRow(answer.object, [], now);
  tellChange(api, `${row.subject} is trusted`, `portvakt trust refresh ${row.id.slice(0, 16)}`);
  await terminal.answer(changed(api, row, answer), changedView(trustView));
}

async function update(named: string, options: SayOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { now } = await api.moment();
  const address = path`/operator/trust/${(await findTrust(api, named)).id}`;
  const { object, etag: ifMatch = '*' } = await api.get(address, trustEntry, OPERATE);
  await confirm(api, options, { what: `What is said of ${named} changes.`, takesAway: false });
  const { ocsp_url, ...said } = wishOf(object);
  const kept = options.ocsp === false || ocsp_url === undefined ? said : { ...said, ocsp_url };
  const body = { ...kept, ...members(options) };
  const answer = await api.change('PUT', address, { body, scopes: OPERATE, shape: trustEntry, ifMatch });
  tellChange(api, `${named} is changed`, `portvakt trust refresh ${object.id.slice(0, 16)}`);
  await terminal.answer(changed(api, toTrustRow(answer.object, [], now), answer), changedView(trustView));
}

async function remove(named: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { now } = await api.moment();
  const address = path`/operator/trust/${(await findTrust(api, named)).id}`;
  const { object, etag: ifMatch = '*' } = await api.get(address, trustEntry, OPERATE);
  const row = toTrustRow(object, [], now);
  await confirm(api, options, { what: `${row.subject} is trusted no longer.`, takesAway: true });
  const answer = await api.change('DELETE', address, { scopes: OPERATE, shape: nothing, ifMatch });
  tellChange(api, `${row.subject} is trusted no longer`);
  await terminal.answer(changed(api, row, answer), changedView(trustView));
}

/** What a body may carry of what the server shows. */
function wishOf({ id: _, not_after: __, created: ___, ...said }: TrustEntry): Omit<TrustEntry, 'id' | 'not_after' | 'created'> {
  return said;
}
