import { readSourceKeys } from '../../keys/source-keys.ts';
import type { SigningKeyRecord } from '../../server/core/ports.ts';
import { CONTRACT_ALGORITHM } from '../../server/core/signing-algorithm.ts';
import {
  activeKey,
  nodesWithout,
  publishedUntil,
  type RotationStep,
  signsFrom,
  stepsDue,
} from '../../server/core/signing-key.ts';
import { keyFolders } from '../../server/foundations.ts';
import { type Found, problem, type Trouble, troubleOf, warning } from '../health-check.ts';
import { rfc3339 } from '../moment.ts';
import type { Host } from './host.ts';
import { openAsRecorded } from './signing-key-view.ts';

type Folder = ReturnType<typeof keyFolders>['signing'];

/** Their states, their files, and what is due. `PV-SEC-093`, `PV-SEC-098` */
export async function lookAtSigningKeys({ config, inStore, now }: Host): Promise<Found | readonly Found[]> {
  const { signing } = keyFolders(config);
  const algorithms = config.token.signingAlgorithms;
  return inStore(async (store) => {
    const keys = (await store.signingKeys.list()).filter(({ state }) => state !== 'removed');
    const { rotateEvery } = config.keys;
    const holders = await store.keyHolders.list();
    const due = stepsDue(keys, { algorithms, now, ...(rotateEvery !== undefined && { rotateEvery }) });
    const troubles: readonly Trouble[] = [
      ...[...new Set([CONTRACT_ALGORITHM, ...algorithms])].flatMap((alg) => unsigned(keys, alg)),
      ...(await unusable(signing, keys)),
      ...inTheClear(signing),
      ...keys.flatMap((key) => notEverywhere(key, nodesWithout(key, holders, now))),
      ...due.map(overdue),
    ];
    return [...(keys.length > 0 ? [keys.map(told).join(', ')] : []), ...troubles];
  });
}

function told(key: SigningKeyRecord): string {
  const { kid, alg, state } = key;
  const from = state === 'pending' ? signsFrom(key) : undefined;
  const until = publishedUntil(key);
  const when = [...(from ? [` from ${rfc3339(from)}`] : []), ...(until ? [` until ${rfc3339(until)}`] : [])].join('');
  return `${kid} ${alg} ${state}${when}`;
}

/** An algorithm that has just been set gets its key by the next start; one whose keys all stand still does not sign. */
function unsigned(keys: readonly SigningKeyRecord[], alg: SigningKeyRecord['alg']): readonly Trouble[] {
  if (activeKey(keys, alg)) return [];
  if (!keys.some((key) => key.alg === alg)) return [warning(`there is no key for ${alg} yet`, 'start the server: it makes one')];
  return [problem(`no key signs ${alg}: none is active`, 'portvakt signing-key status, and activate one')];
}

/** The file of a retired key is needed for nothing. */
async function unusable(folder: Folder, keys: readonly SigningKeyRecord[]): Promise<readonly Trouble[]> {
  const needed = keys.filter(({ state }) => state !== 'retired');
  const opened = needed.map((key) =>
    openAsRecorded(folder, key).then(
      () => [],
      (error: unknown) => [troubleOf(error)],
    ),
  );
  return (await Promise.all(opened)).flat();
}

function inTheClear(folder: Folder): readonly Trouble[] {
  const plain = folder.plain();
  if (plain.length === 0) return [];
  const told = `${plain.length} private ${plain.length === 1 ? 'key lies' : 'keys lie'} in the clear in ${folder.directory}`;
  return [problem(told, 'name keys.master in the configuration: docs/how-to/rotate-signing-keys.md')];
}

/** One that waits does not sign before they have it; without the one that signs they answer 503. `PV-SEC-099` */
function notEverywhere({ kid, state }: SigningKeyRecord, nodes: readonly string[]): readonly Trouble[] {
  if (nodes.length === 0) return [];
  const judge = state === 'active' ? problem : warning;
  return [judge(`${kid} has not been loaded at ${nodes.join(', ')}`, 'copy its file to keys/ there, from where it was made')];
}

/** What is due is done by a running server within a minute. */
function overdue(step: RotationStep): Trouble {
  const fix = 'start the server, which does it, or read its log';
  if (step.does === 'publish') return warning(`the next key for ${step.alg} is due to be published`, fix);
  return warning(`${step.kid} is due to ${step.does === 'activate' ? 'sign' : 'be removed'}`, fix);
}

/** The newest that lies here seals the audit; where none does, the next start makes another. `PV-SEC-107` */
export async function lookAtAuditKey({ config, inStore }: Host): Promise<Found | readonly Found[]> {
  const { audit } = keyFolders(config);
  return inStore(async (store) => {
    const here = audit.names();
    const newest = (await store.checkpointKeys.list()).findLast(({ kid }) => here.includes(kid));
    if (!newest) return warning('it does not lie here', 'restore audit-keys from a backup; else the next start makes another');
    await audit.open(newest.kid, { kinds: ['ed25519'], states: ['active'] });
    return [newest.kid, ...inTheClear(audit)];
  });
}

/** The keys that the configuration names, and those that sources name. */
export async function lookAtSourceKeys({ config, inStore }: Host): Promise<Found | readonly Found[]> {
  const names = [...readSourceKeys(config.sourceKeys).keys()];
  return inStore(async (store) => {
    const lacking = (await store.sources.list()).flatMap((source) =>
      source.kind === 'altinn' && source.active && !names.includes(source.keyName) ? source : [],
    );
    if (lacking.length === 0) return names.join(', ') || 'none';
    return lacking.map(({ name, keyName }) =>
      problem(
        `source ${name} signs with ${keyName}, which the configuration does not name`,
        `name it in source_keys: ${keyName}`,
      ),
    );
  });
}
