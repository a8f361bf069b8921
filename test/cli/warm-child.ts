import { enableCompileCache } from 'node:module';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Asked } from './warm.ts';

// As cli/bin.js does it.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/portvakt', import.meta.url)));
const { main } = await import('../../cli/main.ts');

process.on('message', async (asked: Asked) => process.send?.({ ...(await run(asked)), signal: null }));
process.on('disconnect', () => process.exit());
process.send?.('ready');

/** Runs one command line with surroundings of its own, as if the process had been started for it. */
async function run({ args, cwd, env, input }: Asked): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const streams = { stdin: Readable.from(input === undefined ? [] : [Buffer.from(input)]), stdout, stderr };
  for (const [name, value] of Object.entries(streams)) Object.defineProperty(process, name, { value, configurable: true });
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  await main(args);
  process.removeAllListeners('SIGINT');
  const code = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Takes what a process prints into a pipe. */
class Sink extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
