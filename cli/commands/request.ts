import { type Command, Option } from 'commander';
import { requestView } from '../access-view.ts';
import { type ApiClient, openApi, path, withQuery } from '../api-client.ts';
import { readAll, readPages, sorted } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { ASK, READ_SCOPES, WRITE_SCOPES } from '../api-scopes.ts';
import { type Access, access as accessShape } from '../api-shapes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt request list | show | approve | deny` */
export function define(command: Command): void {
  command.description('Shows who asks for access, and answers.');
  defineList(command.command('list').summary('list requests that wait for an answer'));
  defineShow(command.command('show').summary('show a request'));
  defineApprove(command.command('approve').summary('let the organisation in'));
  defineDeny(command.command('deny').summary('say no'));
}

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the requests for access to the scopes of your organisation that wait for an answer.')
    .addOption(new Option('--made', 'those that your organisation has made'))
    .option('--inactive', 'answered ones too')
    .action(async (options: ListedOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what waits for an answer', run: 'portvakt request list' },
      { does: 'what became of your own', run: 'portvakt request list --made --inactive' },
    ],
    seeAlso: ['portvakt request approve', 'portvakt ask'],
  });
}

function defineShow(command: Command): void {
  ofRequest(command)
    .description('Shows a request, answered or not.')
    .action(async (scope: string, orgno: string) => show({ scope, orgno }, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'who asks, and why', run: 'portvakt request show prove:inntekt.read 310555037' },
      { does: 'for a program', run: 'portvakt request show prove:inntekt.read 310555037 -o json' },
    ],
    seeAlso: ['portvakt request approve', 'portvakt request deny'],
  });
}

function defineApprove(command: Command): void {
  changeOptions(ofRequest(command))
    .description('Lets an organisation in that has asked for it, from its next request for a token on.')
    .option('--reason <text>', 'what the organisation is told')
    .action(async (scope: string, orgno: string, options: AnswerOptions) =>
      answer({ scope, orgno, decision: 'approve' }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt request approve prove:inntekt.read 310555037 --dry-run' },
      { does: 'and say why', run: 'portvakt request approve prove:inntekt.read 310555037 \\\n  --reason "agreement 2026/114"' },
    ],
    seeAlso: ['portvakt request deny', 'portvakt access grant'],
  });
}

function defineDeny(command: Command): void {
  changeOptions(ofRequest(command))
    .description('Says no to an organisation that has asked for access. It may ask again.')
    .option('--reason <text>', 'what the organisation is told')
    .action(async (scope: string, orgno: string, options: AnswerOptions) =>
      answer({ scope, orgno, decision: 'deny' }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt request deny prove:vei.write 310555037 --dry-run' },
      {
        does: 'and say why',
        run: 'portvakt request deny prove:vei.write 310555037 --yes \\\n  --reason "there is no agreement"',
      },
    ],
    seeAlso: ['portvakt request approve', 'portvakt access revoke'],
  });
}

function ofRequest(command: Command): Command {
  return command.argument('<scope>', 'the scope that is asked for').argument('<orgno>', 'the organisation that asks');
}

type ListedOptions = ListOptions & { readonly made?: boolean; readonly inactive?: boolean };
type AnswerOptions = ChangeOptions & { readonly reason?: string };
type Which = { readonly scope: string; readonly orgno: string };

async function list({ made = false, inactive, ...part }: ListedOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const address = withQuery('/scopes/access/requests', { direction: made ? 'made' : 'received', inactive });
  const requests = await readPages(api, address, { shape: accessShape, scopes: made ? ASK : READ_SCOPES, part });
  await terminal.answer(sorted(api, requests, requestView), requestView);
  const [first] = requests.items;
  if (first && !made) terminal.next(`portvakt request approve ${first.scope} ${first.consumer_orgno}`);
}

async function show({ scope, orgno }: Which, terminal: Terminal): Promise<void> {
  const consumer = readOrgno(orgno);
  await terminal.answer(await find(await openApi(terminal), scope, consumer), requestView);
}

async function answer(
  { scope, orgno, decision }: Which & { decision: 'approve' | 'deny' },
  options: AnswerOptions,
  terminal: Terminal,
) {
  const consumer = readOrgno(orgno);
  const api = await openApi(terminal, options);
  const { consumer_organization_name: name } = await find(api, scope, consumer);
  const deny = decision === 'deny';
  await confirm(api, options, { what: `${consumer} ${name} is ${deny ? 'not ' : ''}let in on ${scope}.`, takesAway: false });
  const body = { decision, ...(options.reason !== undefined && { reason: options.reason }) };
  const address = withQuery(path`/scopes/access/requests/${consumer}`, { scope });
  const made = await api.change('POST', address, { body, scopes: WRITE_SCOPES, shape: accessShape });
  tellChange(
    api,
    deny ? `${consumer} ${name} is refused ${scope}` : `${consumer} ${name} may use ${scope}`,
    `portvakt access list ${scope}`,
  );
  await terminal.answer(changed(api, made.object, made), changedView(requestView));
}

/** @throws {Failure} `not-found`, with the request that was probably meant */
async function find(api: ApiClient, scope: string, consumer: string): Promise<Access> {
  const address = withQuery('/scopes/access/requests', { direction: 'received', inactive: true });
  const requests = await readAll(api, address, { shape: accessShape, scopes: READ_SCOPES });
  const found = requests.find((request) => request.scope === scope && request.consumer_orgno === consumer);
  if (found) return found;
  const known = requests.map((request) => `${request.scope} ${request.consumer_orgno}`);
  const near = nearest(`${scope} ${consumer}`, known);
  throw new Failure('not-found', `${consumer} has not asked for ${scope}`, {
    fix: near === undefined ? 'portvakt request list' : `did you mean ${near}?`,
  });
}
