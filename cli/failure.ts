import { randomBytes } from 'node:crypto';
import { CommanderError } from 'commander';
import { Fault } from '../server/core/fault.ts';
import { StoreUnavailable } from '../server/core/ports.ts';
import type { ExitName } from './exit.ts';

/** What is known about a failure beside its sentence. */
export type FailureFacts = {
  /** A code of the catalogue, where the failure has one. */
  readonly code?: string;
  /** The `error` member of RFC 6749 §5.2. */
  readonly oauthError?: string;
  /** Why, in a sentence. */
  readonly reason?: string;
  /** What to do about it. */
  readonly fix?: string;
  readonly errorUri?: string;
  readonly correlationId?: string;
  /** Whether `portvakt explain` can say more by the correlation id. */
  readonly explained?: boolean;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable?: boolean;
  /** Where it is wrong, a line each. */
  readonly details?: readonly FailureDetail[];
  readonly cause?: unknown;
};

/** One place that is wrong: a field, a claim, or a file with line and column. */
export type FailureDetail = {
  readonly path: string;
  readonly message?: string;
  readonly expected?: string;
  readonly got?: string;
};

/** The end of a command that did not do what was asked: how it ends, and what a person needs to know. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exit: ExitName;
  readonly facts: FailureFacts;

  constructor(exit: ExitName, message: string, facts: FailureFacts = {}) {
    super(message, { cause: facts.cause });
    this.exit = exit;
    this.facts = facts;
  }
}

/** Whatever was thrown, as a Failure. What nobody foresaw is a fault of ours, with a correlation id. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) return misuse(error);
  if (error instanceof Fault) return refusal(error);
  if (error instanceof StoreUnavailable) return unhealthy(error);
  if (!(error instanceof Error)) return unforeseen(error);
  return ofTheServer(error) ?? ofTheSystem(error) ?? unforeseen(error);
}

function misuse({ message }: CommanderError): Failure {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n');
  const suggestion = /^\((Did you mean .*)\)$/.exec(rest.join(' '))?.[1];
  const fix = suggestion?.replace('Did', 'did') ?? 'add --help to see what it takes';
  return new Failure('usage', first, { fix });
}

function refusal(fault: Fault): Failure {
  const { expected, got, detail } = fault.circumstances;
  const found = got ?? detail;
  const where = { path: 'assertion', ...(expected !== undefined && { expected }), ...(found !== undefined && { got: found }) };
  return new Failure('refused', fault.message, {
    code: fault.code,
    oauthError: fault.entry.error,
    reason: fault.entry.cause,
    fix: fault.entry.fix,
    details: expected === undefined && found === undefined ? [] : [where],
  });
}

function unhealthy(error: Error): Failure {
  return new Failure('unhealthy', error.message, { cause: error });
}

/**
 * Errors that the server's own parts document. They are known by name, because only cli/operator may import those parts, and
 * because a client command should not load a server to say what went wrong.
 */
function ofTheServer(error: Error): Failure | undefined {
  switch (error.name) {
    case 'ConfigMistake':
      return new Failure('config', error.message, { fix: 'correct the field and try again', cause: error });
    case 'WorldMistakes':
      return new Failure('invalid', 'the world file cannot be used', {
        details: error.message.split('\n').map(placed),
        fix: 'portvakt world schema prints what a world file may hold',
        cause: error,
      });
    case 'KeyUnusable':
    case 'StoreUnusable':
      return unhealthy(error);
    default:
      return undefined;
  }
}

/** `file:line:column: what` */
function placed(line: string): FailureDetail {
  const [, path, message] = /^(.*?:[0-9]+:[0-9]+): (.*)$/.exec(line) ?? [];
  return path === undefined || message === undefined ? { path: line } : { path, message };
}

const OF_THE_SYSTEM: Readonly<Record<string, { readonly exit: ExitName; readonly what: string; readonly fix?: string }>> = {
  ENOENT: { exit: 'not-found', what: 'there is no such file or folder' },
  ENOTDIR: { exit: 'not-found', what: 'a part of the path is no folder' },
  EISDIR: { exit: 'invalid', what: 'it is a folder, and a file is needed' },
  EEXIST: { exit: 'conflict', what: 'it exists, and nothing is overwritten' },
  EADDRINUSE: {
    exit: 'conflict',
    what: 'the port is in use',
    fix: 'stop what uses it, or choose another port; 0 takes a free one',
  },
  EADDRNOTAVAIL: { exit: 'config', what: 'this machine does not have the address' },
  EACCES: { exit: 'forbidden', what: 'permission denied' },
  EPERM: { exit: 'forbidden', what: 'permission denied' },
  EROFS: { exit: 'forbidden', what: 'the file system is read-only' },
  ENOSPC: { exit: 'unhealthy', what: 'the disk is full' },
};

function ofTheSystem(error: NodeJS.ErrnoException & { address?: string; port?: number }): Failure | undefined {
  const known = OF_THE_SYSTEM[error.code ?? ''];
  if (!known) return undefined;
  const subject = error.path ?? (error.port === undefined ? error.syscall : `${error.address ?? 'port'}:${error.port}`);
  return new Failure(known.exit, `${subject}: ${known.what}`, {
    ...(known.fix !== undefined && { fix: known.fix }),
    cause: error,
  });
}

function unforeseen(error: unknown): Failure {
  return new Failure('unexpected', error instanceof Error ? error.message : String(error), {
    fix: 'please report this with the correlation id and what --debug prints',
    correlationId: randomBytes(16).toString('hex'),
    cause: error,
  });
}
