import { text } from 'node:stream/consumers';
import { createProgram } from '../../cli/program.ts';
import { report } from '../../cli/report.ts';
import type { GlobalOptions } from '../../cli/terminal.ts';

/** Runs many command lines of `portvakt` in one process, one after the other, as they come as JSON on standard input. */
const lines: readonly (readonly string[])[] = JSON.parse(await text(process.stdin));
const answers = [];
for (const args of lines) answers.push(await run(args));
process.stdout.write(JSON.stringify(answers));

async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const undo = (['stdout', 'stderr'] as const).map((name) => listen(name, (text) => (said[name] += text)));
  const program = createProgram();
  let code = 0;
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    code = report(error, program.opts<GlobalOptions>());
  } finally {
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
