import type { Command } from 'commander';
import { authentication } from '../../server/core/authenticate.ts';
import { authorization } from '../../server/core/authorize.ts';
import { type Finding, runToEnd } from '../../server/core/checks.ts';
import { Fault } from '../../server/core/fault.ts';
import { Grant } from '../../server/core/grant.ts';
import type { Ports } from '../../server/core/ports.ts';
import { DEFAULT_TOKEN_SETTINGS } from '../../server/core/settings.ts';
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

const SHAPE_IDS: ReadonlySet<string> = new Set([
  'jws',
  'header',
  'claims',
  'known_claims',
  'on_behalf_of',
  'audience',
  'key_choice',
  'x5c',
  'lifetime',
  'scopes',
  'pid',
  'resource',
  'consumer_org',
]);

type InspectOptions = { readonly issuer?: string };

/** Whether one check passed; `not_reached` when an earlier one had to pass first, or a server would have to be asked. */
type Result = {
  readonly id: string;
  readonly title: string;
  readonly result: Finding['result'];
  readonly code?: string;
  readonly message?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly detail?: string;
};

type Inspected = {
  readonly header: object | null;
  readonly claims: object | null;
  readonly checks: readonly Result[];
  /** The code that the token endpoint would answer with, or null. */
  readonly refused: string | null;
};

async function inspect(argument: string, { issuer }: InspectOptions, terminal: Terminal): Promise<void> {
  const grant = Grant.fromAssertion(await readJws(argument), offlinePorts(issuer));
  const findings = await runToEnd(SHAPE, grant);
  const faults = findings.flatMap((finding) => (finding.result === 'fail' && finding.fault !== needsServer ? finding.fault : []));
  const [first] = faults;
  const answer = { ...read(grant), checks: findings.map(toResult), refused: first?.code ?? null };
  await terminal.answer(answer, view(terminal.options.utc ?? false));
  if (first) throw first;
}

/** The checks that an assertion alone can fail. Whether it is in time is told by its times: most are looked at long after. */
const SHAPE = [...authentication, ...authorization].filter(({ id }) => SHAPE_IDS.has(id));

/** What a check meets that asks for something only a server has; a check that ends with it was not reached. */
const needsServer = new Fault('PV-502', { detail: 'offline' });

function offlinePorts(issuer: string | undefined): Ports {
  return {
    storage: absent(),
    verifier: absent(),
    certificates: absent(),
    signer: absent(),
    random: absent(),
    clock: { now: () => Date.now() / 1000 },
    settings: {
      ...DEFAULT_TOKEN_SETTINGS,
      get issuer(): string {
        if (issuer === undefined) throw needsServer;
        return issuer;
      },
    },
  };
}

function absent<T extends object>(): T {
  const refuse = () => {
    throw needsServer;
  };
  return new Proxy({} as T, { get: refuse });
}

function read(grant: Grant): Pick<Inspected, 'header' | 'claims'> {
  try {
    const { header, payload } = grant.jws();
    return { header, claims: payload };
  } catch (error) {
    if (error instanceof Fault) return { header: null, claims: null };
    throw error;
  }
}

function toResult(finding: Finding): Result {
  const { id, title } = finding.check;
  if (finding.result !== 'fail') return { id, title, result: finding.result };
  if (finding.fault === needsServer) return { id, title, result: 'not_reached' };
  const { code, message, circumstances } = finding.fault;
  const { expected, got, detail } = circumstances;
  return { id, title, result: 'fail', code, message, ...told({ expected, got, detail }) };
}

/** Without what is not there. */
function told(
  parts: Readonly<Record<'expected' | 'got' | 'detail', string | undefined>>,
): Pick<Result, 'expected' | 'got' | 'detail'> {
  return Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== undefined));
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

function line({ title, result, code, expected, got, detail }: Result, { green, red, dim }: Colors): string {
  if (result === 'pass') return `  ${green('✓')} ${title}\n`;
  if (result === 'not_reached') return dim(`  – ${title}\n`);
  const why = [detail ?? '', got === undefined ? '' : `got ${got}`, expected === undefined ? '' : `expected ${expected}`];
  const reason = why.filter((part) => part !== '').join(', ');
  return `  ${red('✗')} ${code}  not so: ${title}${reason === '' ? '' : `\n      ${printable(reason)}`}\n`;
}

function summary(checks: readonly Result[]): string {
  const count = (result: Finding['result']) => checks.filter((check) => check.result === result).length;
  return `${count('pass')} of ${checks.length} checks passed, ${count('fail')} failed, ${count('not_reached')} need a server or an earlier one to pass.`;
}
