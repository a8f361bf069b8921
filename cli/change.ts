import type { Answer, ApiClient } from './api-client.ts';
import type { View } from './output.ts';

/** What a change answers: the object as it is now, and by which number the server knows the change. user-experience §5 */
export type Changed<T> = T & { readonly correlation_id: string; readonly dry_run?: true };

/** The answer of a change. */
export function changed<T extends object>(
  api: ApiClient,
  object: T,
  { correlationId }: Pick<Answer<unknown>, 'correlationId'>,
): Changed<T> {
  return { ...object, correlation_id: correlationId, ...(api.dryRun && { dry_run: true as const }) };
}

/** The view of an object that was changed. */
export function changedView<T>({ fields, name, text }: View<T>): View<Changed<T>> {
  const more = (['correlation_id', 'dry_run'] as const).map((name) => ({ name, wide: true as const }));
  return { fields: [...fields, ...more], name, ...(text && { text }) };
}

/** The view of an object that was made: with `-q` its id alone, for whoever goes on with it. */
export function madeView<T extends { readonly id: string }>({ terminal }: ApiClient, view: View<T>): View<Changed<T>> {
  return { ...changedView(view), ...(terminal.options.quiet && { text: ({ id }) => `${id}\n` }) };
}

/** Tells what a change did, or with `--dry-run` would do, and what comes next. */
export function tellChange({ terminal, dryRun }: ApiClient, did: string, next?: string): void {
  terminal.say(dryRun ? `dry run, nothing is stored: ${did}` : did);
  if (next !== undefined && !dryRun) terminal.next(next);
}
