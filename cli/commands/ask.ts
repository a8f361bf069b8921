import type { Command } from 'commander';
import { type ApiClient, openApi, withQuery } from '../api-client.ts';
import { readAll } from '../api-list.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import { ASK } from '../api-scopes.ts';
import { type Access, access as accessShape } from '../api-shapes.ts';
import { type Changed, changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { publicScopes, readScopeName, suggesting } from '../find-scope.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt ask`: a consumer asks the owners of scopes for access. */
export function define(command: Command): void {
  changeOptions(command)
    .description('Asks the owners of scopes to let your organisation in.')
    .argument('<scope...>', 'the scopes, such as prove:bygg.read')
    .option('--reason <text>', 'what they are needed for')
    .action(async (scopes: readonly string[], options: Options) => ask(scopes, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'and why', run: 'portvakt ask prove:vei.write --reason "agreement 2026/114"' },
      { does: 'what would be asked', run: 'portvakt ask prove:vei.write --dry-run -o json' },
    ],
    seeAlso: ['portvakt scope search', 'portvakt request list', 'portvakt access list'],
  });
}

type Options = ChangeOptions & { readonly reason?: string };

/** What became of one scope. */
type Asked = {
  readonly scope: string;
  /** `REQUESTED`, `APPROVED`, or `OPEN` for a scope that nobody has to ask for. */
  readonly state: string;
  readonly owner_orgno: string | null;
  readonly owner_organization_name: string | null;
  readonly reason: string | null;
};

async function ask(scopes: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  for (const scope of scopes) readScopeName(scope);
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `Access to ${scopes.join(', ')} is asked for.`, takesAway: false });
  const asked: Changed<Asked>[] = [];
  for (const scope of scopes) asked.push(await request(api, scope, options.reason));
  const [only] = asked;
  await terminal.answer(scopes.length === 1 && only ? only : { items: asked, next: null }, changedView(view));
}

async function request(api: ApiClient, scope: string, reason: string | undefined): Promise<Changed<Asked>> {
  const body = { scope, ...(reason !== undefined && { reason }) };
  try {
    const answer = await api.change('POST', '/scopes/access/requests', { body, scopes: ASK, shape: accessShape });
    const { owner_orgno, owner_organization_name } = answer.object;
    tellChange(api, `${owner_orgno} ${owner_organization_name} is asked for ${scope}`, 'portvakt request list --made');
    return changed(api, toAsked(answer.object), answer);
  } catch (error) {
    if (error instanceof Failure && error.exit === 'conflict') return standing(api, scope, error);
    const { prefix } = readScopeName(scope);
    const names = async () => (await publicScopes(api, { prefix })).map(({ name }) => name);
    throw await suggesting(error, scope, names);
  }
}

/** What needs no asking is no mistake: it has been asked for or given already, or is open. */
async function standing(api: ApiClient, scope: string, { facts }: Failure): Promise<Changed<Asked>> {
  const listing = { shape: accessShape, scopes: ASK };
  const made = await readAll(api, withQuery('/scopes/access/requests', { direction: 'made' }), listing);
  const request = made.find((access) => access.scope === scope);
  const [open] = (await publicScopes(api, { prefix: readScopeName(scope).prefix })).filter(({ name }) => name === scope);
  const state = open?.accessible_for_all ? 'OPEN' : 'APPROVED';
  const asked = request
    ? toAsked(request)
    : { scope, state, owner_orgno: open?.owner_orgno ?? null, owner_organization_name: null, reason: null };
  tellChange(api, `${scope} ${TOLD[asked.state] ?? 'needs no asking'}`);
  return changed(api, asked, { correlationId: facts.correlationId ?? '' });
}

const TOLD: Readonly<Record<string, string>> = {
  OPEN: 'is open to every organisation',
  APPROVED: 'is granted already',
  REQUESTED: 'is asked for already',
};

function toAsked({ scope, state, owner_orgno, owner_organization_name, reason }: Access): Asked {
  return { scope, state, owner_orgno, owner_organization_name, reason: reason ?? null };
}

const view: View<Asked> = {
  fields: [
    { name: 'scope' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'owner_orgno', heading: 'owner' },
    { name: 'owner_organization_name', heading: 'name' },
    { name: 'reason' },
  ],
  name: ({ scope }) => `request/${scope}`,
};
