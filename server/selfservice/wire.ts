import { z } from 'zod';
import { CANONICAL_NUMBER, isCanonicalNumber } from '../core/organization.ts';
import { isScopeName } from '../core/scope.ts';
import type { EpochSeconds } from '../core/time.ts';
import { booleanText } from './route.ts';

/** A moment on the wire: RFC 3339 in UTC with milliseconds. Contract §5.1 */
export function instant(seconds: EpochSeconds): string {
  return new Date(seconds * 1000).toISOString();
}

/** The shape of {@link instant}. */
export const instantShape = z.iso.datetime();

/** An organisation number: Norwegian ones bare, all others with the code of their register. Contract §5.1, §8.1; `PV-SEC-021` */
export const orgnoShape = z
  .string()
  .refine(isCanonicalNumber, `must be an organisation number: ${CANONICAL_NUMBER}`)
  .meta({ examples: ['310555037', '0007:5560000001'] });

/** `?inactive=true` lists what is inactive, too. Contract §5.2.1 */
export const inactiveQuery = z.object({
  inactive: booleanText.optional().meta({ description: 'true: what is inactive, too' }),
});

/** What a caller names and a path holds in one segment: a client's id, a key's kid. Contract §5.2.2, §5.3 */
export const identifierShape = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}$/, 'must be 1 to 255 letters, digits, dots, underscores or hyphens');

/** The name of something, for people. */
export const nameShape = z
  .string()
  .regex(/^[^\u0000-\u001f\u007f-\u009f]{1,255}$/u, 'must have 1 to 255 characters, none of them a control character');

/** A text that is kept and shown, and nothing else. */
export const textShape = z.string().max(4000, 'must have at most 4000 characters');

/** The scope that is meant: always in the query, because its name may hold slashes. Contract §5.1 */
export const scopeQuery = z.object({
  scope: z
    .string()
    .min(1, 'must name a scope')
    .meta({ examples: ['prove:bygg.read'] }),
});

/** A person's words of why; line breaks are the only control characters. */
export const reasonShape = z
  .string()
  .min(1, 'must not be empty')
  .max(1000, 'must have at most 1000 characters')
  .regex(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/, 'must hold no control characters');

/** A moment that a caller names, RFC 3339 with any offset; what is less than a second is dropped. */
export const momentShape = z.iso
  .datetime({ offset: true, error: 'must be a moment such as 2027-12-31T23:00:00Z' })
  .transform((text) => Math.floor(Date.parse(text) / 1000))
  .refine((seconds) => seconds >= 0, 'must not lie before 1970');

/** A scope by its name, of which nothing else is known. */
export const scopeNameShape = z.string().refine(isScopeName, 'must be prefix:subscope').meta({ example: 'prove:bygg.read' });
