import { type Command, Option } from 'commander';
import { INTEGRATION_TYPES } from '../../server/core/scope.ts';
import { type Answer, type ApiClient, openApi, path } from '../api-client.ts';
import { fieldsOf } from '../api-failure.ts';
import { type ChangeOptions, changeOptions, readOrgno, several } from '../api-options.ts';
import { CHANGE_KEYS, OPERATE, WRITE_CLIENTS } from '../api-scopes.ts';
import { type Client, client as clientShape, keySet } from '../api-shapes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { type ClientRow, clientDetailView, toRow } from '../client-view.ts';
import { confirm } from '../confirm.ts';
import { duration } from '../duration.ts';
import { Failure } from '../failure.ts';
import { ownClients } from '../find-client.ts';
import { publicScopes } from '../find-scope.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import { type PublicKeyJwk, readPublicKey } from '../public-key.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt client create` */
export function define(command: Command): void {
  changeOptions(command)
    .description('Registers a client with its scopes and public keys. The private keys stay where they are.')
    .argument('<name>', 'what you call it')
    .option('--scope <scope>', 'scope that it asks tokens for; may be repeated', several)
    .option('--public-key <file>', 'its public key, JWK or PEM; may be repeated', repeat)
    .option('--description <text>', 'what it is for; default: its name')
    .addOption(new Option('--lifetime <time>', 'wanted life of its tokens, such as 120s').argParser(duration))
    .option('--client-id <id>', 'its id; default: one that the server makes')
    .addOption(new Option('--integration-type <type>', 'its kind').choices(INTEGRATION_TYPES).default('maskinporten'))
    .option('--as-org <orgno>', "another organisation's: its first admin client by the operator, a customer's by its supplier")
    .option('--if-missing', 'succeed when there is a client of that name already')
    .action(async (name: string, options: CreateOptions) => create(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'with the key that key generate made',
        run: 'portvakt client create bygg-uttrekk --scope prove:bygg.read \\\n  --public-key ./bygg.pub.jwk',
      },
      {
        does: "as the operator: an organisation's first admin client; -q prints its id",
        run: 'portvakt client create admin --as-org 310555029 \\\n  --scope idporten:scopes.read,idporten:scopes.write \\\n  --public-key ./bygg.pub.jwk --context demo-operator -q',
      },
    ],
    seeAlso: ['portvakt key generate', 'portvakt client test', 'portvakt ask'],
  });
}

type CreateOptions = ChangeOptions & {
  readonly scope?: readonly string[];
  readonly publicKey?: readonly string[];
  readonly description?: string;
  readonly lifetime?: number;
  readonly clientId?: string;
  readonly integrationType: string;
  readonly asOrg?: string;
  readonly ifMissing?: boolean;
};

async function create(name: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  const orgno = options.asOrg === undefined ? undefined : readOrgno(options.asOrg);
  const keys = await Promise.all((options.publicKey ?? []).map((file) => readPublicKey(file)));
  const api = await openApi(terminal, options);
  const there = orgno === undefined ? await findNamed(api, name) : undefined;
  if (there && options.ifMissing) return tellExisting(api, there);
  if (there) terminal.warn(`${there.client_id} is called ${name} too: the two are told apart by their ids`);
  await confirm(api, options, { what: `The client ${name} is registered.`, takesAway: false });
  const order = { name, body: members(name, options), keys, ...(orgno !== undefined && { orgno }) };
  const answer = await register(api, order).catch(async (error: unknown) => {
    throw await withAdvice(error, order.body.scopes, api);
  });
  const { client_id, client_orgno } = answer.object;
  tellChange(api, `client ${client_id} is registered for ${client_orgno}`, `portvakt client test ${name} --key FILE`);
  if (keys.length === 0)
    terminal.warn('it has no key: it signs with an enterprise certificate, or gets one with portvakt key add');
  await show(api, answer);
}

type Order = { readonly name: string; readonly body: object; readonly keys: readonly PublicKeyJwk[]; readonly orgno?: string };

function members(name: string, { scope = [], description = name, lifetime, clientId, integrationType }: CreateOptions) {
  return {
    client_name: name,
    description,
    integration_type: integrationType,
    scopes: scope,
    ...(lifetime !== undefined && { access_token_lifetime: lifetime }),
    ...(clientId !== undefined && { client_id: clientId }),
  };
}

/** The operator registers with keys in one call; an organisation registers its own client, and then its keys. */
async function register(api: ApiClient, { name, body, keys, orgno }: Order): Promise<Answer<Client>> {
  if (orgno !== undefined && (await api.tokens.has(OPERATE))) {
    const whole = { ...body, ...(keys.length > 0 && { jwks: { keys } }) };
    const address = path`/operator/organizations/${orgno}/clients`;
    return api.change('POST', address, { body: whole, scopes: OPERATE, shape: clientShape });
  }
  const whole = { ...body, ...(orgno !== undefined && { client_orgno: orgno }) };
  const scopes = orgno === undefined ? WRITE_CLIENTS : (['idporten:dcr.supplier'] as const);
  const made = await api.change('POST', '/clients', { body: whole, scopes, shape: clientShape });
  if (keys.length === 0 || api.dryRun) return made;
  const { client_id } = made.object;
  try {
    const { object } = await api.change('POST', path`/clients/${client_id}/jwks`, {
      body: { keys },
      scopes: CHANGE_KEYS,
      shape: keySet,
    });
    return { ...made, object: { ...made.object, jwks: object } };
  } catch (error) {
    api.terminal.warn(`client ${client_id} is registered, but without its keys: portvakt key add ${name} FILE`);
    throw error;
  }
}

/** A scope that is not granted can be asked for, and one that does not exist was perhaps another. user-experience §2.10, §9 */
async function withAdvice(error: unknown, scopes: readonly string[], api: ApiClient): Promise<unknown> {
  if (!(error instanceof Failure) || error.exit !== 'invalid') return error;
  const refused = fieldsOf(error).flatMap((field) => scopes[Number(/^scopes\.([0-9]+)$/.exec(field)?.[1] ?? -1)] ?? []);
  if (refused.length === 0) return error;
  const names = (await publicScopes(api)).map(({ name }) => name);
  const unknown = refused.filter((scope) => !names.includes(scope));
  const meant = unknown.flatMap((scope) => nearest(scope, names) ?? []);
  const asked = refused.filter((scope) => names.includes(scope));
  const fix = [...meant.map((name) => `did you mean ${name}?`), ...(asked.length > 0 ? [`portvakt ask ${asked.join(' ')}`] : [])];
  const { fix: _, ...facts } = error.facts;
  return new Failure('invalid', `${error.message}; nothing was stored`, {
    ...facts,
    ...(fix.length > 0 && { fix: fix.join('\n') }),
  });
}

async function findNamed(api: ApiClient, name: string): Promise<Client | undefined> {
  return (await ownClients(api, true)).find(({ client_name }) => client_name === name);
}

async function tellExisting(api: ApiClient, client: Client): Promise<void> {
  tellChange(api, `client ${client.client_id} was registered already${client.active ? '' : ', and is disabled'}`);
  await show(api, { object: client, correlationId: '' });
}

async function show(api: ApiClient, answer: Answer<Client>): Promise<void> {
  const moment = await api.moment();
  const row: ClientRow = toRow(answer.object, [], moment.now);
  const view = changedView(clientDetailView(moment));
  const bare = api.terminal.options.quiet ? { text: ({ client_id }: ClientRow) => `${client_id}\n` } : {};
  await api.terminal.answer(changed(api, row, answer), { ...view, ...bare });
}

function repeat(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
