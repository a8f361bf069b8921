import { catalogue, isFaultCode } from '../server/core/catalogue.ts';
import type { ExplainedCheck, Explanation } from './api-shapes.ts';
import { Failure } from './failure.ts';
import type { View } from './output.ts';
import type { Colors } from './style.ts';
import { printable } from './table.ts';

/** How an explanation is shown: every check, in the order in which the token endpoint runs them. user-experience §7 */
export const explanationView: View<Explanation> = {
  fields: [
    { name: 'outcome' },
    { name: 'code' },
    { name: 'client_id' },
    { name: 'consumer_orgno' },
    { name: 'scopes' },
    { name: 'checks' },
    { name: 'id' },
    { name: 'at' },
  ],
  name: ({ id }) => `explanation/${id}`,
  text: (explanation, colors) =>
    [heading(explanation), '', ...explanation.checks.flatMap((check) => lines(check, colors)), '', summary(explanation), ''].join(
      '\n',
    ),
};

/** @throws {Failure} `refused` when the token endpoint would say no */
export function assertWouldIssue({ outcome, code, id }: Explanation): void {
  if (outcome === 'would_issue' || outcome === 'issued') return;
  const entry = typeof code === 'string' && isFaultCode(code) ? catalogue[code] : undefined;
  throw new Failure('refused', 'the token endpoint would refuse', {
    ...(typeof code === 'string' && { code }),
    ...(entry && { oauthError: entry.error, reason: entry.cause, fix: entry.fix }),
    correlationId: id,
  });
}

function heading({ outcome, at, client_id, consumer_orgno, supplier_orgno }: Explanation): string {
  const acting = supplier_orgno ? `, by ${supplier_orgno}` : '';
  const forWhom = consumer_orgno ? ` for ${consumer_orgno}${acting}` : '';
  const when = outcome === 'refused' ? `, ${at}` : '';
  return printable(`Request of client ${client_id ?? 'unknown'}${forWhom}${when}`);
}

function lines({ title, result, code, expected, got, fix }: ExplainedCheck, { green, red, dim }: Colors): readonly string[] {
  if (result === 'pass') return [`  ${green('✓')} ${title}`];
  if (result === 'not_reached') return [dim(`  – ${title}`)];
  const found = [got ? `got ${got}` : '', expected ? `expected ${expected}` : ''].filter((part) => part !== '').join(', ');
  const more = [found, fix ?? ''].filter((part) => part !== '').map((part) => `      ${printable(part)}`);
  return [`  ${red('✗')} ${code ?? ''}  not so: ${title}`, ...more];
}

function summary({ checks, outcome, code }: Explanation): string {
  const count = (wanted: ExplainedCheck['result']) => checks.filter(({ result }) => result === wanted).length;
  const unreached = count('not_reached') === 0 ? '' : ` ${count('not_reached')} were not reached.`;
  if (outcome === 'would_issue' || outcome === 'issued')
    return `A token would be issued: ${count('pass')} checks passed.${unreached}`;
  const answers = outcome === 'refused' ? 'answered' : 'answers';
  return `Refused: ${count('fail')} of ${checks.length} checks failed.${unreached} The token endpoint ${answers} with the first, ${code}.`;
}
