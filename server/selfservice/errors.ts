import { z } from 'zod';
import type { Fault, FieldError } from '../core/fault.ts';
import type { EpochSeconds } from '../core/time.ts';
import { instant, instantShape } from './wire.ts';

/** The error body of the self-service API: six members, always all of them, and the address that explains. Contract §5.1.1 */
export const errorShape = z
  .object({
    status: z.int(),
    timestamp: instantShape,
    correlation_id: z.string(),
    errors: z
      .array(
        z.object({
          errorMessage: z.string(),
          isFieldError: z.boolean(),
          objectName: z.string(),
          fieldIdentifier: z.string(),
        }),
      )
      .min(1),
    error: z.string(),
    error_description: z.string(),
    error_uri: z.url(),
  })
  .meta({ id: 'Error' });

export type ErrorBody = z.infer<typeof errorShape>;

/** Where and when a refusal happened. */
export type Occurrence = { readonly issuer: string; readonly correlationId: string; readonly now: EpochSeconds };

/** The body of a refusal; one that names no field is an error of its own in `errors`, which a client crashes without. */
export function errorBody(fault: Fault, { issuer, correlationId, now }: Occurrence): ErrorBody {
  const fields = (fault.circumstances.fields ?? []).map(fieldError);
  const messages = fields.map(({ errorMessage }) => errorMessage);
  return {
    status: fault.entry.status,
    timestamp: instant(now),
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
