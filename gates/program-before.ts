import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { DataDirectory } from '../proving/data-directory.ts';
import { worldOfRun } from '../proving/made-world.ts';

/** This version's sources. */
export const HERE = fileURLToPath(new URL('..', import.meta.url));

/** A PostgreSQL database, as the server and its owner are told of it. */
export type Database = { readonly store: string; readonly owner: string };

/** The sources of another version. */
export type ProgramBefore = {
  readonly folder: string;
  /** A data directory as that version makes it, with its schema, for a server that stops gently. */
  makeDataDirectory(): Promise<DataDirectory>;
  /** Takes such a one along to a database in which there is nothing, with that version's schema, as its operator would. */
  moveTo(database: Database, directory: DataDirectory): Promise<DataDirectory>;
  remove(): Promise<void>;
};

/** Takes the sources of a commit out of the repository, beside this checkout's packages. @throws {Error} where it is not known */
export async function programBefore(commit: string): Promise<ProgramBefore> {
  const folder = await mkdtemp(join(tmpdir(), 'portvakt-before-'));
  await promisify(execFile)(
    'sh',
    ['-c', 'git archive -o "$2/before.tar" "$1" && tar -x -f "$2/before.tar" -C "$2"', 'sh', commit, folder],
    {
      cwd: HERE,
    },
  );
  await symlink(join(HERE, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    makeDataDirectory: async () => {
      const { makeDataDirectory } = await import(pathToFileURL(join(folder, 'proving/data-directory.ts')).href);
      const directory: DataDirectory = await makeDataDirectory((await worldOfRun()).world);
      const settings = await readFile(directory.config, 'utf8');
      await writeFile(directory.config, settings.replace('delay_seconds: 0', 'delay_seconds: 1'));
      return directory;
    },
    moveTo: async ({ store, owner }, directory) => {
      await writeFile(directory.config, `${await readFile(directory.config, 'utf8')}store: { url: '${store}' }\n`);
      for (const verb of ['migrate', 'copy']) await ofDatabase(folder, verb, { directory, owner });
      return { ...directory, database: store };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs `portvakt db migrate` or `copy` of the version whose sources lie there. */
export async function ofDatabase(
  program: string,
  verb: string,
  { directory: { config }, owner }: { readonly directory: DataDirectory; readonly owner: string },
): Promise<void> {
  const file = join(dirname(config), 'owner-url');
  await writeFile(file, owner, { mode: 0o600 });
  const words = ['db', verb, '--config', config, '--owner-url-file', file];
  await promisify(execFile)(process.execPath, [join(program, 'cli/bin.js'), ...words], { cwd: dirname(config) });
}
