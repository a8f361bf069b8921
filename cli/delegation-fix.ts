/** What a customer does that has not delegated a scope yet, as a ready command. */
export function askToDelegate(
  consumer: string,
  { scope, supplier }: { readonly scope: string; readonly supplier: string },
): string {
  return `ask ${consumer} to run:\nportvakt delegation give ${scope} --to ${supplier}`;
}

const MISSING = /^Consumer (\d{9}) has not delegated access to the scope (\S+) to supplier (\d{9})\b/;

/** The same out of the sentence of MP-251, if it is one: any server of this kind words it so. Contract §3.2 */
export function fixOfMissingDelegation(description: string): string | undefined {
  const [, consumer, scope, supplier] = MISSING.exec(description) ?? [];
  if (consumer === undefined || scope === undefined || supplier === undefined) return undefined;
  return askToDelegate(consumer, { scope, supplier });
}
