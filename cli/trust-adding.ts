import { type ApiClient, path } from './api-client.ts';
import { OPERATE } from './api-scopes.ts';
import { toFailure } from './failure.ts';
import { nothing, type TrustEntry, type TrustSettings, trustEntry, trustSettings } from './trust-shapes.ts';

/** What may be said of a CA on this server. */
export async function settingsOf(api: ApiClient): Promise<TrustSettings> {
  return (await api.get('/operator/trust-settings', trustSettings, OPERATE)).object;
}

/** What came of one of several changes. */
export type Outcome = {
  readonly result: 'added' | 'removed' | 'unchanged' | 'failed';
  readonly entry?: TrustEntry;
  readonly message: string | null;
};

/** Trusts a CA, as one of several: what is refused does not stop the others, and what stands there already stays. */
export async function addOne(api: ApiClient, body: object): Promise<Outcome> {
  return attempt(async () => {
    const { object } = await api.change('POST', '/operator/trust', { body, scopes: OPERATE, shape: trustEntry });
    return { result: 'added', entry: object, message: null };
  });
}

/** Trusts a CA no longer, as one of several. */
export async function removeOne(api: ApiClient, id: string): Promise<Outcome> {
  return attempt(async () => {
    const address = path`/operator/trust/${id}`;
    const { etag: ifMatch = '*' } = await api.get(address, trustEntry, OPERATE);
    await api.change('DELETE', address, { scopes: OPERATE, shape: nothing, ifMatch });
    return { result: 'removed', message: null };
  });
}

async function attempt(act: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    const { exit, message, facts } = toFailure(error);
    if (exit === 'conflict') return { result: 'unchanged', message };
    if (exit !== 'invalid' && exit !== 'not-found') throw error;
    const [detail] = facts.details ?? [];
    return { result: 'failed', message: detail?.message === undefined ? message : `${detail.path}: ${detail.message}` };
  }
}

/** Says of new anchors that nobody below them is accepted until it is known where their revocation lists are. Security reference §3 */
export function warnOfSilence({ terminal }: ApiClient, added: readonly TrustEntry[]): void {
  const silent = added.filter(
    ({ role, revocation = 'off', crl_urls, ocsp_url }) =>
      role === 'anchor' && ['require', 'grace'].includes(revocation) && crl_urls.length === 0 && ocsp_url === undefined,
  );
  if (silent.length === 0) return;
  terminal.warn(
    `${silent.length} of them: where is their revocation list? Until that is known, nobody below is accepted:\n${silent
      .map(({ id }) => `  portvakt trust update ${id.slice(0, 16)} --crl URL`)
      .join('\n')}`,
  );
}

/** RFC 7468 §5.1 */
export function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
