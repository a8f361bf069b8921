import { catalogue, isFaultCode } from '../server/core/catalogue.ts';
import type { ExitName } from './exit.ts';
import { Failure, type FailureDetail } from './failure.ts';
import { isRecord } from './json.ts';
import type { Reply } from './reply.ts';

/** The refusal of the self-service API as the command line tells it. Contract §5.1.1, user-experience §6 */
export function apiFailure(address: string, { status, headers, body }: Reply): Failure {
  if (!isRecord(body) || typeof body.error !== 'string') {
    return new Failure('unreachable', `${address} answers ${status}, and not as the self-service API does`, {
      fix: 'check that the context names a Portvakt server',
    });
  }
  const errorUri = typeof body.error_uri === 'string' ? body.error_uri : undefined;
  const code = errorUri?.slice(errorUri.lastIndexOf('/') + 1) ?? '';
  const entry = isFaultCode(code) ? catalogue[code] : undefined;
  const correlationId = headers.get('x-correlation-id') ?? body.correlation_id;
  const wait = headers.get('retry-after');
  return new Failure(exitOf(status), sentence(body), {
    oauthError: body.error,
    ...(entry && { code, reason: entry.cause, fix: entry.fix }),
    ...(errorUri !== undefined && { errorUri }),
    ...(typeof correlationId === 'string' && { correlationId }),
    details: [...fieldErrors(body), ...(wait === null ? [] : [{ path: 'retry_after', got: `${wait} s` }])],
    retryable: status === 429 || status === 503,
  });
}

/** The fields that the API found wrong, one after the other. */
export function fieldsOf({ facts }: Failure): readonly string[] {
  return (facts.details ?? []).map(({ path }) => path);
}

const EXITS: Readonly<Record<number, ExitName>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  412: 'conflict',
  413: 'invalid',
  415: 'invalid',
  422: 'conflict',
  428: 'conflict',
  429: 'limited',
  503: 'unreachable',
};

function exitOf(status: number): ExitName {
  return EXITS[status] ?? (status >= 500 ? 'unexpected' : 'refused');
}

function sentence({ error, error_description }: Readonly<Record<string, unknown>>): string {
  return typeof error_description === 'string' ? error_description : String(error);
}

/** The API puts the field before its message; here it stands before the colon anyway. */
function fieldErrors({ errors }: Readonly<Record<string, unknown>>): readonly FailureDetail[] {
  if (!Array.isArray(errors)) return [];
  return errors.filter(isRecord).flatMap(({ isFieldError, fieldIdentifier, errorMessage }) => {
    if (isFieldError !== true || typeof fieldIdentifier !== 'string' || fieldIdentifier === '') return [];
    const message = String(errorMessage);
    const prefix = `${fieldIdentifier}: `;
    return { path: fieldIdentifier, message: message.startsWith(prefix) ? message.slice(prefix.length) : message };
  });
}
