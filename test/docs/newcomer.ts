import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { top } from './markdown.ts';

export const BIN = fileURLToPath(new URL('cli/bin.js', top));

/** A port that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Someone in an empty folder with `portvakt` at hand. */
export async function newcomer(t: Test) {
  const folder = t.testdir({ bin: { portvakt: `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n` }, home: {} });
  await chmod(join(folder, 'bin', 'portvakt'), 0o755);
  await mkdir(join(folder, 'runtime'), { mode: 0o700 });
  const environment: NodeJS.ProcessEnv = {
    PATH: [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'runtime'),
    PORTVAKT_WORKERS: '1',
  };
  const run = (line: string) =>
    new Promise<{ status: number | string; output: string }>((resolve) => {
      execFile(
        'bash',
        ['-c', `set -o pipefail\n${line}`],
        { cwd: folder, env: environment, timeout: 25_000 },
        (error, stdout, stderr) => resolve({ status: error ? (error.code ?? 'signal') : 0, output: stdout + stderr }),
      );
    });
  return { folder, environment, run };
}
