import { readFileSync } from 'node:fs';

/** Of the package that this file lies in: its folder's parent, in a checkout as when it is installed. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
