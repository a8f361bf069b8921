import { readFileSync } from 'node:fs';

/** Names in the first column of the table below a heading of docs/dependencies.md, sorted. */
export function listedPackages(heading: string): string[] {
  const text = readFileSync(new URL('../../docs/dependencies.md', import.meta.url), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/dependencies.md has no heading ${heading}`);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].flatMap(([, name]) => name ?? []).sort();
}
