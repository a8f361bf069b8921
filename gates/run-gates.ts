import type { Chosen } from './arguments.ts';
import type { Outcome } from './gate.ts';

type Streams = { readonly stdout: { write(text: string): unknown }; readonly stderr: { write(text: string): unknown } };

/** Runs the gates one after the other and writes what each found. @returns whether all are passed. */
export async function runGates(
  { gates, isShort, seed, from }: Omit<Chosen, 'help'>,
  { stdout, stderr }: Streams,
): Promise<boolean> {
  let arePassed = true;
  for (const { id, title, run } of gates) {
    stdout.write(`${id}  ${title}\n  seed ${seed}, from ${from}${isShort ? ', short form' : ''}\n`);
    const began = performance.now();
    const outcome = await run({ isShort, seed, from, tell: (line) => void stderr.write(`  … ${line}\n`) });
    stdout.write(`${told(outcome)}  ${outcome.failures.length === 0 ? 'passed' : 'NOT PASSED'} in ${seconds(began)} s\n\n`);
    arePassed &&= outcome.failures.length === 0;
  }
  return arePassed;
}

function told({ figures, failures }: Outcome): string {
  const lines = [
    ...Object.entries(figures).map(([name, figure]) => `${name}: ${figure}`),
    ...failures.map((failure) => `✗ ${failure}`),
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
