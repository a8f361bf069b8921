import type { Command } from 'commander';
import { type CatalogueEntry, catalogue, type FaultCode, isFaultCode } from '../../server/core/catalogue.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt explain CODE|CORRELATION-ID|-`: what a code means, offline; why a request was refused; what an assertion would meet. */
export function define(command: Command): void {
  command
    .description(
      'Says what a code means and what to do about it; or, by the trace_id of a refusal, which checks the request failed and which it passed.',
    )
    .argument(
      '<what>',
      'a code such as MP-250, the correlation id of a refusal (trace_id), or - for an assertion on standard input',
    )
    .action(async (text: string) => explain(text, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what a client was answered', run: 'portvakt explain MP-110' },
      {
        does: 'the address from an error answer works too',
        run: 'portvakt explain https://token.example.no/errors/PV-132 -o json',
      },
      {
        does: 'everything about one refusal, by the trace_id that its client was shown',
        run: 'portvakt explain 9f8e7d6c5b4a39281706f5e4d3c2b1a0',
      },
      {
        does: 'an assertion that has not been sent; it is not spent',
        run: 'portvakt assertion create --client demo-consumer --scope prove:bygg.read |\n  portvakt explain -',
      },
    ],
    seeAlso: ['portvakt assertion explain', 'portvakt client test', 'portvakt help exit-codes'],
  });
}

/** What needs a server is loaded only where one is asked. */
async function explain(text: string, terminal: Terminal): Promise<void> {
  const id = correlationIdIn(text);
  if (text !== '-' && id === undefined) return terminal.answer(meaningOf(text), view);
  const { explainAssertion, explainRefusal } = await import('../explain-online.ts');
  return id === undefined ? explainAssertion('-', terminal) : explainRefusal(id, terminal);
}

/** As it stands alone, or in an answer that was pasted: `trace_id` at the token endpoint, `correlation_id` elsewhere. */
function correlationIdIn(text: string): string | undefined {
  const [, named] = /\b(?:trace_id|correlation_id)"?\s*[:=]\s*"?([0-9a-f]{32})(?![0-9a-z])/i.exec(text) ?? [];
  const id = named ?? /^\s*([0-9a-f]{32})\s*$/i.exec(text)?.[1];
  return id?.toLowerCase();
}

type Meaning = { readonly code: FaultCode } & Omit<CatalogueEntry, 'phrase'> & { readonly error_description: string };

function meaningOf(text: string): Meaning {
  const code = text.replace(/.*\//s, '').toUpperCase();
  if (!isFaultCode(code)) throw unknown(text, code);
  const { phrase, error, status, cause, fix }: CatalogueEntry = catalogue[code];
  return { code, error, status, error_description: phrase, cause, fix };
}

/** Longest text that is said again. */
const LONGEST = 60;

function unknown(text: string, code: string): Failure {
  if (/^ey[\w-]*\.[\w-]*\.[\w-]*$/.test(text))
    return new Failure('usage', 'an assertion is not taken from the command line', { fix: 'portvakt explain - < request.jwt' });
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const near = code.length > LONGEST ? undefined : nearest(code, Object.keys(catalogue));
  const fix = near === undefined ? NAMES : `did you mean ${near}?`;
  return new Failure('not-found', `there is no code "${shown}"`, { fix });
}

const NAMES =
  'a code is the last part of error_uri, such as MP-250; a correlation id is the trace_id of a refusal, 32 digits and letters a to f';

const view: View<Meaning> = {
  fields: (['code', 'error', 'status', 'error_description', 'cause', 'fix'] as const).map((name) => ({ name })),
  name: ({ code }) => `error/${code}`,
  text: ({ code, error, status, error_description, cause, fix }, { bold }) =>
    `${bold(code)}  ${error_description}\n\n  answer  ${status}, "error": "${error}"\n  why     ${cause}\n  fix     ${fix}\n`,
};
