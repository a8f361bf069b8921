import { createInterface } from 'node:readline';
import { createProgram } from '../../cli/program.ts';
import { report } from '../../cli/report.ts';
import type { GlobalOptions } from '../../cli/terminal.ts';

/**
 * Runs command lines of `portvakt` in one process, one after the other: each comes as a line of JSON with its arguments and what it
 * adds to the environment, and is answered by a line.
 */
type Line = { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };

const say = process.stdout.write.bind(process.stdout);
process.setMaxListeners(0);
for await (const text of createInterface({ input: process.stdin })) say(`${JSON.stringify(await run(JSON.parse(text)))}\n`);

async function run({ args, env }: Line): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const undo = (['stdout', 'stderr'] as const).map((name) => listen(name, (text) => (said[name] += text)));
  const before = { ...process.env };
  Object.assign(process.env, env);
  const program = createProgram();
  let code = 0;
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    code = report(error, program.opts<GlobalOptions>());
  } finally {
    process.env = before;
    for (const step of undo) step();
  }
  return { code, ...said };
}

function listen(name: 'stdout' | 'stderr', heard: (text: string) => void): () => void {
  const stream = process[name];
  const { write } = stream;
  stream.write = (text: string | Uint8Array) => {
    heard(String(text));
    return true;
  };
  return () => {
    stream.write = write;
  };
}
