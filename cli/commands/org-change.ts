import type { Command } from 'commander';
import { ADMIN_SCOPES, type AdminScope, isAdminScope } from '../../server/core/admin-scopes.ts';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions, readOrgno, several } from '../api-options.ts';
import { OPERATE } from '../api-scopes.ts';
import { type Organization, organization as organizationShape } from '../api-shapes.ts';
import { type Changed, changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { findOrganization, organizationAddress, organizationView } from '../find-organization.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt org create` */
export function defineCreate(command: Command): void {
  changeOptions(command)
    .description('Registers an organisation. For the operator.')
    .argument('<orgno>', 'organisation number; a foreign one with the code of its register')
    .requiredOption('--name <name>', 'what it is called')
    .option('--admin-scope <scope>', 'what its clients may administer; may be repeated', several)
    .option('--if-missing', 'succeed when it is registered already')
    .action(async (orgno: string, options: CreateOptions) => create(orgno, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'that has scopes of its own to look after',
        run: 'portvakt org create 310555061 --name "Papirmølla AS" \\\n  --admin-scope idporten:scopes.read,idporten:scopes.write',
      },
      { does: 'in a script that may run twice', run: 'portvakt org create 310555061 --name "Papirmølla AS" --if-missing' },
    ],
    seeAlso: ['portvakt prefix assign', 'portvakt client create'],
  });
}

/** `portvakt org update` */
export function defineUpdate(command: Command): void {
  changeOptions(command)
    .description('Changes what is said of an organisation. What no flag names stays as it is. For the operator.')
    .argument('<orgno>', 'organisation number; a foreign one with the code of its register')
    .option('--name <name>', 'what it is called')
    .option('--add-scope <scope>', 'what its clients may administer as well; may be repeated', several)
    .option('--remove-scope <scope>', 'what they may administer no more; may be repeated', several)
    .action(async (orgno: string, options: UpdateOptions) => update(orgno, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'it may look after clients',
        run: 'portvakt org update 310555053 \\\n  --add-scope idporten:dcr.read,idporten:dcr.write',
      },
      { does: 'another name', run: 'portvakt org update 310555053 --name "Liksom Fisk ASA" -o json' },
    ],
    seeAlso: ['portvakt org show', 'portvakt org disable'],
  });
}

/** `portvakt org disable` */
export function defineDisable(command: Command): void {
  changeOptions(command)
    .description('Stops all tokens of an organisation; its accesses rest. For the operator.')
    .argument('<orgno>', 'organisation number; a foreign one with the code of its register')
    .action(async (orgno: string, options: ChangeOptions) => setActive({ orgno, active: false }, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt org disable 310555053 --dry-run' },
      { does: 'in a script', run: 'portvakt org disable 310555053 --yes' },
    ],
    seeAlso: ['portvakt org enable', 'portvakt client disable'],
  });
}

/** `portvakt org enable` */
export function defineEnable(command: Command): void {
  changeOptions(command)
    .description('Lets a disabled organisation have tokens again. For the operator.')
    .argument('<orgno>', 'organisation number; a foreign one with the code of its register')
    .action(async (orgno: string, options: ChangeOptions) => setActive({ orgno, active: true }, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'after org disable', run: 'portvakt org enable 310555053' },
      { does: 'and the answer for a program', run: 'portvakt org enable 310555053 -o json' },
    ],
    seeAlso: ['portvakt org disable', 'portvakt org list'],
  });
}

type CreateOptions = ChangeOptions & {
  readonly name: string;
  readonly adminScope?: readonly string[];
  readonly ifMissing?: boolean;
};
type UpdateOptions = ChangeOptions & {
  readonly name?: string;
  readonly addScope?: readonly string[];
  readonly removeScope?: readonly string[];
};

async function create(orgno: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  const body = { orgno: readOrgno(orgno), name: options.name, admin_scopes: (options.adminScope ?? []).map(readAdminScope) };
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `${body.orgno} ${body.name} is registered.`, takesAway: false });
  const made = await post(api, body, options.ifMissing ?? false);
  await terminal.answer(made, changedView(organizationView));
}

async function post(api: ApiClient, body: { readonly orgno: string; readonly name: string }, ifMissing: boolean) {
  try {
    const answer = await api.change('POST', '/operator/organizations', { body, scopes: OPERATE, shape: organizationShape });
    tellChange(
      api,
      `${body.orgno} ${body.name} is registered`,
      `portvakt client create NAME --as-org ${body.orgno} --public-key FILE`,
    );
    return changed(api, answer.object, answer);
  } catch (error) {
    if (!ifMissing || !(error instanceof Failure) || error.exit !== 'conflict') throw error;
    const there = await findOrganization(api, body.orgno);
    tellChange(api, `${body.orgno} ${there.object.name} was registered already`);
    return changed(api, there.object, there);
  }
}

async function update(
  orgno: string,
  { name, addScope = [], removeScope = [], ...options }: UpdateOptions,
  terminal: Terminal,
): Promise<void> {
  if (name === undefined && addScope.length + removeScope.length === 0)
    throw new Failure('usage', 'nothing is to be changed', { fix: 'give --name, --add-scope or --remove-scope' });
  const [added, removed] = [addScope.map(readAdminScope), removeScope.map(readAdminScope)];
  const api = await openApi(terminal, options);
  const change = ({ admin_scopes, ...before }: Organization) => ({
    name: name ?? before.name,
    active: before.active,
    admin_scopes: [...new Set([...admin_scopes, ...added])].filter((scope) => !removed.some((gone) => gone === scope)),
  });
  const what = removed.length === 0 ? `${orgno} is changed.` : `Clients of ${orgno} lose ${removed.join(', ')}.`;
  const answer = await put(api, orgno, { change, options, matter: { what, takesAway: removed.length > 0 } });
  tellChange(api, `${answer.orgno} ${answer.name} is changed`);
  await terminal.answer(answer, changedView(organizationView));
}

async function setActive(
  { orgno, active }: { orgno: string; active: boolean },
  options: ChangeOptions,
  terminal: Terminal,
): Promise<void> {
  const api = await openApi(terminal, options);
  const change = ({ name, admin_scopes }: Organization) => ({ name, active, admin_scopes });
  const what = active
    ? `${orgno} gets tokens again.`
    : `This stops every token of ${orgno}, and of the suppliers that act for it.`;
  const answer = await put(api, orgno, { change, options, matter: { what, takesAway: !active } });
  tellChange(
    api,
    `${answer.orgno} ${answer.name} is ${active ? 'active' : 'disabled'}`,
    active ? undefined : `portvakt org enable ${answer.orgno}`,
  );
  await terminal.answer(answer, changedView(organizationView));
}

type Replacement = {
  readonly change: (before: Organization) => object;
  readonly options: ChangeOptions;
  readonly matter: { readonly what: string; readonly takesAway: boolean };
};

/** Replaces the organisation, unless somebody else has changed it meanwhile. */
async function put(api: ApiClient, orgno: string, { change, options, matter }: Replacement): Promise<Changed<Organization>> {
  const { object, etag: ifMatch = '*' } = await findOrganization(api, orgno);
  await confirm(api, options, matter);
  const body = change(object);
  const answer = await api.change('PUT', organizationAddress(orgno), {
    body,
    ifMatch,
    scopes: OPERATE,
    shape: organizationShape,
  });
  return changed(api, answer.object, answer);
}

function readAdminScope(text: string): AdminScope {
  if (isAdminScope(text)) return text;
  const near = nearest(text, ADMIN_SCOPES);
  throw new Failure('invalid', `there is no admin scope "${text}"`, {
    fix: near === undefined ? `they are ${ADMIN_SCOPES.join('\n')}` : `did you mean ${near}?`,
  });
}
