import type { Command } from 'commander';
import { type CatalogueEntry, catalogue, type FaultCode, isFaultCode } from '../../server/core/catalogue.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt explain CODE`: what a code of the catalogue means and how to mend it. Offline. */
export function define(command: Command): void {
  command
    .description('Says what a code from error_uri means, why it is answered, and what to do about it.')
    .argument('<code>', 'a code such as MP-250, or an error_uri that ends in one')
    .action(async (text: string) => Terminal.of(command).answer(explain(text), view));
  document(command, {
    examples: [
      { does: 'what a client was answered', run: 'portvakt explain MP-110' },
      {
        does: 'the address from an error answer works too',
        run: 'portvakt explain https://token.example.no/errors/PV-132 -o json',
      },
    ],
  });
}

type Explanation = { readonly code: FaultCode } & Omit<CatalogueEntry, 'phrase'> & { readonly error_description: string };

function explain(text: string): Explanation {
  const code = text.replace(/.*\//, '').toUpperCase();
  if (!isFaultCode(code)) throw unknown(text, code);
  const { phrase, error, status, cause, fix }: CatalogueEntry = catalogue[code];
  return { code, error, status, error_description: phrase, cause, fix };
}

function unknown(text: string, code: string): Failure {
  const near = nearest(code, Object.keys(catalogue));
  const fix = near === undefined ? 'a code is the last part of error_uri, such as MP-250' : `did you mean ${near}?`;
  return new Failure('not-found', `there is no code "${text}"`, { fix });
}

const view: View<Explanation> = {
  fields: (['code', 'error', 'status', 'error_description', 'cause', 'fix'] as const).map((name) => ({ name })),
  name: ({ code }) => `error/${code}`,
  text: ({ code, error, status, error_description, cause, fix }, { bold }) =>
    `${bold(code)}  ${error_description}\n\n  answer  ${status}, "error": "${error}"\n  why     ${cause}\n  fix     ${fix}\n`,
};
