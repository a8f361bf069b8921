import { relative } from './moment.ts';
import type { View } from './output.ts';
import type { Colors } from './style.ts';
import { printable, table } from './table.ts';

/** A token taken apart, and whether its signature and issuer were verified. */
export type Jwt = { readonly verified: boolean; readonly header: object; readonly claims: object };

/** How a token is shown, with a first line that says how far to trust it. */
export function jwtView({ utc = false }: { readonly utc?: boolean }, verdict: (colors: Colors) => string): View<Jwt> {
  return {
    fields: [{ name: 'verified' }, { name: 'header' }, { name: 'claims' }],
    name: ({ claims }) => ('jti' in claims ? `token/${claims.jti}` : 'token'),
    text: (token, colors) => `${verdict(colors)}\n\n${describeJwt(token, { utc })}`,
  };
}

const TIMES = ['iat', 'exp', 'nbf'];

/** Header and claims of a JWT, a line each, with times in words. A certificate is told by its length alone. */
export function describeJwt(
  { header, claims }: { readonly header: object; readonly claims: object },
  { utc }: { readonly utc: boolean },
): string {
  const now = Math.floor(Date.now() / 1000);
  const lines = (part: object) =>
    Object.entries(part).map(([name, value]: [string, unknown]) => [`  ${printable(name)}`, describe(name, value, { now, utc })]);
  return table([['header', ''], ...lines(header), ['claims', ''], ...lines(claims)]);
}

function describe(name: string, value: unknown, clock: { readonly now: number; readonly utc: boolean }): string {
  if (TIMES.includes(name) && typeof value === 'number' && Number.isFinite(new Date(value * 1000).getTime())) {
    return `${value}  ${relative(value, clock)}`;
  }
  if (name === 'x5c' && Array.isArray(value)) return `${value.length} certificate${value.length === 1 ? '' : 's'}`;
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
