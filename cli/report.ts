import { CommanderError } from 'commander';
import { EXITS } from './exit.ts';
import { type Failure, type FailureDetail, toFailure } from './failure.ts';
import { type Colors, colorsFor } from './style.ts';
import { printable } from './table.ts';
import { type GlobalOptions, Terminal } from './terminal.ts';

/** Tells on stderr what was thrown. @returns the exit code. Commander throws, too, when it has shown help or the version. */
export function report(error: unknown, options: GlobalOptions): number {
  if (error instanceof CommanderError && error.code.startsWith('commander.help')) return error.exitCode && EXITS.usage.code;
  if (error instanceof CommanderError && error.code === 'commander.version') return EXITS.ok.code;
  const failure = toFailure(error);
  const asJson = new Terminal(options).format === 'json';
  if (options.debug) process.stderr.write(`${origin(failure).stack}\n`);
  process.stderr.write(asJson ? reportJson(failure) : reportText(failure, colorsFor(process.stderr, options.color)));
  return EXITS[failure.exit].code;
}

function origin(failure: Failure): Error {
  return failure.cause instanceof Error ? failure.cause : failure;
}

/** A failure as a program reads it on stderr: the shape of user-experience §7. */
function reportJson({ exit, message, facts }: Failure): string {
  const error = {
    code: facts.code ?? exit,
    oauth_error: facts.oauthError,
    cause: facts.reason,
    message,
    fix: facts.fix,
    error_uri: facts.errorUri,
    correlation_id: facts.correlationId,
    exit_code: EXITS[exit].code,
    retryable: facts.retryable ?? false,
    details: facts.details ?? [],
  };
  return `${JSON.stringify({ error }, null, 2)}\n`;
}

/** A failure as a person reads it: what happened, why, where, and what to do. */
function reportText({ message, facts }: Failure, colors: Colors): string {
  const [first = '', ...rest] = message.split('\n').map(printable);
  const lines = [
    `${colors.red('✗')} ${facts.code === undefined ? '' : `${colors.bold(facts.code)}  `}${first}`,
    ...rest.map((line) => `  ${line}`),
    ...(facts.reason === undefined ? [] : [`  ${facts.reason}`]),
    ...(facts.details ?? []).map(describe).flatMap((line) => (message.includes(line) ? [] : `  ${line}`)),
    ...directions(facts),
  ];
  return `${lines.join('\n')}\n`;
}

function describe({ path, message = '', expected, got }: FailureDetail): string {
  const parts = [message, got === undefined ? '' : `got ${got}`, expected === undefined ? '' : `expected ${expected}`];
  return printable(`${path}: ${parts.filter((part) => part !== '').join(', ')}`);
}

function directions({ fix, code, correlationId, explained }: Failure['facts']): string[] {
  const lines = [
    ...(fix === undefined ? [] : [`  fix   ${fix.replaceAll('\n', '\n        ')}`]),
    ...more(explained ? correlationId : code),
    ...(correlationId === undefined || explained ? [] : [`  id    ${correlationId}`]),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

function more(what: string | undefined): readonly string[] {
  return what === undefined ? [] : [`  more  portvakt explain ${what}`];
}
