import type { Command } from 'commander';
import { explainAssertion } from '../explain-online.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt assertion explain`: what the server would say of an assertion, by every check, without spending it. */
export function define(command: Command): void {
  command
    .description(
      'Has the server judge an assertion by every check of the token endpoint. It is not spent, and no token is issued.',
    )
    .argument('[assertion]', 'the assertion, a file that holds it, or - for standard input', '-')
    .action(async (assertion: string) => explainAssertion(assertion, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'an assertion that was just made',
        run: 'portvakt assertion create --client demo-consumer --scope prove:bygg.read |\n  portvakt assertion explain -',
      },
      { does: 'an assertion in a file, for a program', run: 'portvakt assertion explain request.jwt -o json' },
    ],
    seeAlso: ['portvakt assertion inspect', 'portvakt client test', 'portvakt explain'],
  });
}
