import type { Fault, FieldError } from '../core/fault.ts';
import type { EpochSeconds } from '../core/time.ts';

/** The error body of the self-service API: six members, always all of them, and the address that explains. Contract §5.1.1 */
export type ErrorBody = {
  readonly status: number;
  readonly timestamp: string;
  readonly correlation_id: string;
  readonly errors: readonly {
    readonly errorMessage: string;
    readonly isFieldError: boolean;
    readonly objectName: string;
    readonly fieldIdentifier: string;
  }[];
  readonly error: string;
  readonly error_description: string;
  readonly error_uri: string;
};

/** Where and when a refusal happened. */
export type Occurrence = { readonly issuer: string; readonly correlationId: string; readonly now: EpochSeconds };

/** The body of a refusal; one that names no field is an error of its own in `errors`, which a client crashes without. */
export function errorBody(fault: Fault, { issuer, correlationId, now }: Occurrence): ErrorBody {
  const fields = (fault.circumstances.fields ?? []).map(fieldError);
  const messages = fields.map(({ errorMessage }) => errorMessage);
  return {
    status: fault.entry.status,
    timestamp: new Date(now * 1000).toISOString(),
    correlation_id: correlationId,
    errors:
      fields.length > 0 ? fields : [{ errorMessage: fault.message, isFieldError: false, objectName: '', fieldIdentifier: '' }],
    error: fault.entry.error,
    error_description: messages.length > 0 ? messages.join('; ') : fault.message,
    error_uri: `${issuer}errors/${fault.code}`,
  };
}

/** The message begins with the field: people are shown the message alone. */
function fieldError({ object, field, message }: FieldError): ErrorBody['errors'][number] {
  const errorMessage = field === '' ? message : `${field}: ${message}`;
  return { errorMessage, isFieldError: true, objectName: object, fieldIdentifier: field };
}
