import { chmod, lstat, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Failure } from './failure.ts';

/** Where a password comes from; the password itself never stands in the file. `PV-SEC-096` */
const secret = {
  password_file: z.string().min(1).exactOptional(),
  password_env: z.string().min(1).exactOptional(),
  password_command: z.string().min(1).exactOptional(),
};

const auth = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('key'),
    client_id: z.string().min(1),
    key_file: z.string().min(1),
    kid: z.string().min(1).exactOptional(),
    ...secret,
  }),
  z
    .strictObject({
      type: z.literal('certificate'),
      client_id: z.string().min(1),
      p12_file: z.string().min(1).exactOptional(),
      key_file: z.string().min(1).exactOptional(),
      cert_file: z.string().min(1).exactOptional(),
      ...secret,
    })
    .refine(
      ({ p12_file, key_file, cert_file }) => (p12_file !== undefined) !== (key_file !== undefined && cert_file !== undefined),
      'names p12_file, or key_file and cert_file',
    ),
  z.strictObject({ type: z.literal('dev'), client: z.string().min(1) }),
]);

const context = z.strictObject({
  server: z.url({ protocol: /^https?$/ }),
  org: z.string().exactOptional(),
  auth: auth.exactOptional(),
  scopes: z.array(z.string()).exactOptional(),
  protected: z.boolean().exactOptional(),
});

const contextFile = z.strictObject({
  current: z.string().exactOptional(),
  contexts: z.record(z.string(), context).default({}),
});

/** How a context logs in: what its client signs with, referred to and never held. */
export type Auth = z.infer<typeof auth>;

/** A server, and as whom to use it. user-experience §4 */
export type Context = z.infer<typeof context>;

/** The user's contexts, and the one that counts when none is named. */
export type Contexts = z.infer<typeof contextFile>;

/** The file of the user's contexts, in the folder where this system keeps configuration. XDG Base Directory Specification */
export function contextFilePath(): string {
  const { XDG_CONFIG_HOME, APPDATA } = process.env;
  if (XDG_CONFIG_HOME) return join(XDG_CONFIG_HOME, 'portvakt', 'contexts.yaml');
  if (process.platform === 'win32') return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'portvakt', 'contexts.yaml');
  const folder = process.platform === 'darwin' ? join(homedir(), 'Library', 'Preferences') : join(homedir(), '.config');
  return join(folder, 'portvakt', 'contexts.yaml');
}

/** The user's contexts; none where there is no file. @throws {Failure} `config`, naming what is wrong with it */
export async function readContexts(): Promise<Contexts> {
  const file = contextFilePath();
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (text === undefined) return { contexts: {} };
  await assertOwn(file);
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken) throw unreadable(file, [{ path: file, message: broken.message }]);
  const read = contextFile.safeParse(document.toJS() ?? {});
  if (read.success) return read.data;
  throw unreadable(
    file,
    read.error.issues.map(({ path, message }) => ({ path: path.join('.') || file, message })),
  );
}

/** Writes the contexts so that only the user can read them, and so that a reader never sees half of them. */
export async function writeContexts(contexts: Contexts): Promise<void> {
  const file = contextFilePath();
  const { stringify } = await import('yaml');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, stringify(contexts, { lineWidth: 0 }), { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}

/** Whoever can write the file decides which command is run for a password. */
async function assertOwn(file: string): Promise<void> {
  const { uid, mode } = await lstat(file);
  if (process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0)) return;
  throw new Failure('config', `${file} can be written by others`, { fix: `chmod 600 ${file}, if what stands in it is yours` });
}

function unreadable(file: string, details: readonly { readonly path: string; readonly message: string }[]): Failure {
  return new Failure('config', `${file} cannot be used`, { details, fix: 'correct it, or remove it and log in again' });
}
