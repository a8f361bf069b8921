import { DAY, type EpochSeconds } from '../server/core/time.ts';
import type { Client, TokenCount } from './api-shapes.ts';
import { rfc3339, seconds } from './moment.ts';
import type { View } from './output.ts';
import { printable } from './table.ts';
import { type Figures, figures, lastToken } from './token-counts.ts';

/** A client with what is to be known at a glance. */
export type ClientRow = Client &
  Figures & {
    /** How many keys are registered that have not ended. */
    readonly key_count: number;
    /** When the last of them ends, RFC 3339. */
    readonly keys_expire: string | null;
    readonly state: ClientState;
  };

/** What needs attention first. */
export type ClientState = 'active' | 'key expiring' | 'key expired' | 'no key' | 'disabled' | 'blocked';

/** So long before its end a client's last key needs attention. */
const EXPIRING = 30 * DAY;

/** The client as it is listed. */
export function toRow(client: Client, counts: readonly TokenCount[] | undefined, now: EpochSeconds): ClientRow {
  const keys = (client.jwks?.keys ?? []).filter(({ exp }) => exp > now);
  const end = Math.max(0, ...keys.map(({ exp }) => exp));
  const used = figures(counts, ({ client_id }) => client_id === client.client_id);
  const ends = { key_count: keys.length, keys_expire: end === 0 ? null : rfc3339(end) };
  return { ...client, ...ends, ...used, state: stateOf(client, { end, now, used: used.last_token !== null }) };
}

/** A client without keys may sign with its organisation's enterprise certificate; one that has had a token does. */
function stateOf(client: Client, { end, now, used }: { end: EpochSeconds; now: EpochSeconds; used: boolean }): ClientState {
  if (!client.active) return 'disabled';
  if (client.blocked === true) return 'blocked';
  if (end === 0 && client.jwks !== undefined) return 'key expired';
  if (end === 0) return used ? 'active' : 'no key';
  return end - now < EXPIRING ? 'key expiring' : 'active';
}

/** How clients are listed, and shown one by one. */
export function clientView({ now, utc }: { readonly now: EpochSeconds; readonly utc: boolean }): View<ClientRow> {
  return {
    fields: [
      { name: 'client_name', heading: 'name' },
      { name: 'client_id' },
      { name: 'scopes', text: ({ scopes }) => `${scopes.length}` },
      { name: 'key_count', heading: 'keys', text: ({ key_count, keys_expire }) => keysText(key_count, keys_expire, now) },
      { name: 'last_token', text: (row) => lastToken(row, { now, utc }) },
      { name: 'state' },
      { name: 'tokens', wide: true },
      { name: 'keys_expire', wide: true },
      { name: 'client_orgno', heading: 'org', wide: true },
      { name: 'description', wide: true },
      { name: 'integration_type', wide: true },
      { name: 'access_token_lifetime', wide: true },
      { name: 'active', wide: true },
      { name: 'created', wide: true },
      { name: 'last_updated', wide: true },
    ],
    name: ({ client_id }) => `client/${client_id}`,
  };
}

function keysText(count: number, end: string | null, now: EpochSeconds): string {
  if (end === null) return `${count}`;
  const days = Math.floor((seconds(end) - now) / DAY);
  return days < 60
    ? `${count}, ${days === 0 ? 'ends today' : `in ${days} day${days === 1 ? '' : 's'}`}`
    : `${count}, until ${end.slice(0, 7)}`;
}

/** One client with all its scopes and keys. */
export function clientDetailView(clock: { readonly now: EpochSeconds; readonly utc: boolean }): View<ClientRow> {
  const { fields, name } = clientView(clock);
  const whole = fields.map(({ wide: _, ...field }) => (field.name === 'scopes' ? { ...field, text: scopesText } : field));
  return { fields: whole, name };
}

function scopesText({ scopes }: ClientRow): string {
  return printable(scopes.join(' '));
}
