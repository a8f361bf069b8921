import { globSync, readFileSync } from 'node:fs';

/** A source file: its path from the top of the checkout, with slashes, and its text. */
export type Source = { readonly path: string; readonly text: string };

const top = new URL('../../', import.meta.url).pathname;

/** Every source of the folders that the table of rooms governs. */
export function sources(): Source[] {
  return globSync('{server,cli,keys,fixtures,testing,bench,gates,proving,docs}/**/*.{ts,js}', { cwd: top })
    .map((path) => path.replaceAll('\\', '/'))
    .map((path) => ({ path, text: readFileSync(new URL(path, `file://${top}`), 'utf8') }));
}
