import { mkdir, writeFile } from 'node:fs/promises';
import { apiDocument, apiPage } from './pages/api.ts';
import { cliPage } from './pages/cli.ts';
import { configPage } from './pages/config.ts';
import { dashboard } from './pages/dashboard.ts';
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

/** The files of docs/examples/ that are made from code, compared as well. */
export function examples(): ReadonlyMap<string, string> {
  return new Map([['grafana-dashboard.json', dashboard()]]);
}

if (import.meta.main) {
  await write('reference/', await pages());
  await write('examples/', examples());
}

async function write(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const place = new URL(folder, import.meta.url);
  await mkdir(place, { recursive: true });
  for (const [name, text] of files) await writeFile(new URL(name, place), text);
}
