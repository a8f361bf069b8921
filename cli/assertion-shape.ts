import { authentication } from '../server/core/authenticate.ts';
import { authorization } from '../server/core/authorize.ts';
import { type Finding, runToEnd } from '../server/core/checks.ts';
import { Fault } from '../server/core/fault.ts';
import { Grant } from '../server/core/grant.ts';
import type { Ports } from '../server/core/ports.ts';
import { DEFAULT_TOKEN_SETTINGS } from '../server/core/settings.ts';

/** Whether one check passed; `not_reached` when an earlier one had to pass first, or a server would have to be asked. */
export type CheckResult = {
  readonly id: string;
  readonly title: string;
  readonly result: Finding['result'];
  readonly code?: string;
  readonly message?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly detail?: string;
};

/** What an assertion says, and what was found in its shape. */
export type Inspected = {
  readonly header: object | null;
  readonly claims: object | null;
  readonly checks: readonly CheckResult[];
  /** The code that the token endpoint would answer with, or null. */
  readonly refused: string | null;
};

/**
 * Runs those checks of the token endpoint that an assertion alone can fail, with the server's own code and without a server.
 * @param issuer the audience it is judged by; without one, `aud` is not judged.
 * @returns the first refusal beside what was found.
 */
export async function inspectShape(
  assertion: string,
  issuer: string | undefined,
): Promise<Inspected & { readonly refusal: Fault | undefined }> {
  const grant = Grant.fromAssertion(assertion, offlinePorts(issuer));
  const findings = await runToEnd(SHAPE, grant);
  const [refusal] = findings.flatMap((finding) =>
    finding.result === 'fail' && finding.fault !== needsServer ? finding.fault : [],
  );
  return { ...read(grant), checks: findings.map(toResult), refused: refusal?.code ?? null, refusal };
}

/** The checks that an assertion alone can fail. Whether it is in time is told by its times: most are looked at long after. */
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

const SHAPE = [...authentication, ...authorization].filter(({ id }) => SHAPE_IDS.has(id));

/** What a check meets that asks for something only a server has; a check that ends with it was not reached. */
const needsServer = new Fault('PV-502', { detail: 'offline' });

function offlinePorts(issuer: string | undefined): Ports {
  return {
    storage: absent(),
    registers: async () => absent(),
    headers: { find: () => undefined, keep: () => {} },
    verifier: absent(),
    keyPolicy: absent(),
    counter: absent(),
    unproven: absent(),
    refused: absent(),
    limits: absent(),
    tracing: absent(),
    certificates: absent(),
    revocation: absent(),
    signer: absent(),
    authorities: absent(),
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

function toResult(finding: Finding): CheckResult {
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
): Pick<CheckResult, 'expected' | 'got' | 'detail'> {
  return Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== undefined));
}
