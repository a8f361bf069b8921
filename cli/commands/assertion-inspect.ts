import type { Command } from 'commander';
import { type CheckResult, type Inspected, inspectShape } from '../assertion-shape.ts';
import { describeJwt } from '../describe-jwt.ts';
import { document } from '../help.ts';
import { readJws } from '../input.ts';
import type { View } from '../output.ts';
import type { Colors } from '../style.ts';
import { printable } from '../table.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt assertion inspect`: what an assertion says, and what the contract would refuse in its shape. Offline. */
export function define(command: Command): void {
  command
    .description('Shows what an assertion says, and runs the checks of the token endpoint that need no server.')
    .argument('[assertion]', 'the assertion, a file that holds it, or - for standard input', '-')
    .option('--issuer <url>', 'judge aud as this server would')
    .action(async (assertion: string, options: InspectOptions) => inspect(assertion, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'an assertion that was just made',
        run: 'portvakt assertion create --client demo-consumer --scope prove:bygg.read |\n  portvakt assertion inspect -',
      },
      {
        does: 'an assertion in a file, its audience too',
        run: 'portvakt assertion inspect request.jwt --issuer http://localhost:7300/',
      },
    ],
    seeAlso: ['portvakt explain', 'portvakt token get'],
  });
}

type InspectOptions = { readonly issuer?: string };

async function inspect(argument: string, { issuer }: InspectOptions, terminal: Terminal): Promise<void> {
  const { refusal, ...inspected } = await inspectShape(await readJws(argument), issuer);
  await terminal.answer(inspected, view(terminal.options.utc ?? false));
  if (refusal) throw refusal;
}

function view(utc: boolean): View<Inspected> {
  return {
    fields: [{ name: 'refused' }, { name: 'header' }, { name: 'claims' }, { name: 'checks' }],
    name: ({ claims }) => (claims && 'jti' in claims ? `assertion/${claims.jti}` : 'assertion'),
    text: ({ header, claims, checks }, colors) => {
      const says = header && claims ? `${describeJwt({ header, claims }, { utc })}\n` : '';
      return `${says}${checks.map((result) => line(result, colors)).join('')}\n${summary(checks)}\n`;
    },
  };
}

function line({ title, result, code, expected, got, detail }: CheckResult, { green, red, dim }: Colors): string {
  if (result === 'pass') return `  ${green('✓')} ${title}\n`;
  if (result === 'not_reached') return dim(`  – ${title}\n`);
  const why = [detail ?? '', got === undefined ? '' : `got ${got}`, expected === undefined ? '' : `expected ${expected}`];
  const reason = why.filter((part) => part !== '').join(', ');
  return `  ${red('✗')} ${code}  not so: ${title}${reason === '' ? '' : `\n      ${printable(reason)}`}\n`;
}

function summary(checks: readonly CheckResult[]): string {
  const count = (result: CheckResult['result']) => checks.filter((check) => check.result === result).length;
  return `${count('pass')} of ${checks.length} checks passed, ${count('fail')} failed, ${count('not_reached')} need a server or an earlier one to pass.`;
}
