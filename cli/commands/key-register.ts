import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { partOf } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions } from '../api-options.ts';
import type { Key } from '../api-shapes.ts';
import { type Changed, changed, changedView, tellChange } from '../change.ts';
import { keyNamed, keyView, putKey, readKeys, removeKey } from '../client-keys.ts';
import { confirm } from '../confirm.ts';
import { findClient } from '../find-client.ts';
import { document } from '../help.ts';
import { readPublicKey } from '../public-key.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt key list` */
export function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the keys of a client, and when they end.')
    .argument('<client>', 'name or id')
    .action(async (client: string, part: ListOptions) => list(client, part, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'of a client by its name', run: 'portvakt key list demo-consumer' },
      { does: 'their names alone', run: 'portvakt key list demo-consumer -o name' },
    ],
    seeAlso: ['portvakt key rotate', 'portvakt cert list'],
  });
}

/** `portvakt key add` */
export function defineAdd(command: Command): void {
  changeOptions(command)
    .description('Registers public keys on a client; one that it has is renewed. Private keys are refused: they stay with you.')
    .argument('<client>', 'name or id')
    .argument('<file...>', 'public keys, JWK or PEM')
    .option('--kid <kid>', 'name of the key; default: as the file says, else the thumbprint')
    .action(async (client: string, files: readonly string[], options: AddOptions) =>
      add({ client, files }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'the key that key generate made', run: 'portvakt key add demo-certificate ./bygg.pub.jwk' },
      { does: 'under another name', run: 'portvakt key add demo-certificate ./bygg.pub.jwk --kid spare' },
    ],
    seeAlso: ['portvakt key generate', 'portvakt key rotate', 'portvakt key remove'],
  });
}

/** `portvakt key remove` */
export function defineRemove(command: Command): void {
  changeOptions(command)
    .description('Takes a key from a client: it signs nothing more from the next request on.')
    .argument('<client>', 'name or id')
    .argument('<kid>', 'name of the key')
    .action(async (client: string, kid: string, options: ChangeOptions) =>
      remove({ client, kid }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt key remove demo-certificate spare --dry-run' },
      { does: 'in a script', run: 'portvakt key remove demo-certificate spare --yes' },
    ],
    seeAlso: ['portvakt key list', 'portvakt key rotate'],
  });
}

type AddOptions = ChangeOptions & { readonly kid?: string };

async function list(nameOrId: string, part: ListOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { object } = await findClient(api, nameOrId);
  const { keys } = (await readKeys(api, object)).object;
  const view = keyView(await api.moment());
  await terminal.answer(partOf(api, keys, { view, part }), view);
}

async function add(
  { client, files }: { client: string; files: readonly string[] },
  options: AddOptions,
  terminal: Terminal,
): Promise<void> {
  const jwks = await Promise.all(files.map((file) => readPublicKey(file, options.kid)));
  const api = await openApi(terminal, options);
  const { object } = await findClient(api, client);
  await confirm(api, options, { what: `${object.client_name} gets ${jwks.map(({ kid }) => kid).join(', ')}.`, takesAway: false });
  const added: Changed<Key>[] = [];
  for (const jwk of jwks) {
    const answer = await putKey(api, object, jwk);
    tellChange(api, `key ${jwk.kid} is registered on ${object.client_name}`);
    added.push(changed(api, answer.object, answer));
  }
  const [only] = added;
  const view = changedView(keyView(await api.moment()));
  await terminal.answer(added.length === 1 && only ? only : { items: added, next: null }, view);
}

async function remove(
  { client, kid }: { client: string; kid: string },
  options: ChangeOptions,
  terminal: Terminal,
): Promise<void> {
  const api = await openApi(terminal, options);
  const { object } = await findClient(api, client);
  const { keys } = (await readKeys(api, object)).object;
  const key = keyNamed(kid, object, keys);
  const last = keys.length === 1 ? ' It is the last one: without an enterprise certificate there are no more tokens.' : '';
  await confirm(api, options, { what: `This takes the key ${kid} from ${object.client_name}.${last}`, takesAway: true });
  const answer = await removeKey(api, object, kid);
  tellChange(api, `${object.client_name} no longer has the key ${kid}`);
  await terminal.answer(changed(api, key, answer), changedView(keyView(await api.moment())));
}
