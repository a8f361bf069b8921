import { mkdir, writeFile } from 'node:fs/promises';
import { apiDocument, apiPage } from './pages/api.ts';
import { cliPage } from './pages/cli.ts';
import { configPage } from './pages/config.ts';
import { errorsPage } from './pages/errors.ts';
import { metricsPage } from './pages/metrics.ts';

/** The pages of docs/reference/ that are made from code: name and text. A test compares them with what is checked in. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['errors.md', errorsPage()],
    ['config.md', configPage()],
    ['metrics.md', metricsPage()],
    ['cli.md', await cliPage()],
    ['api.md', apiPage()],
    ['api.json', apiDocument()],
  ]);
}

if (import.meta.main) {
  const folder = new URL('reference/', import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of await pages()) await writeFile(new URL(name, folder), text);
}
