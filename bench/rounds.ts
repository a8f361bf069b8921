import { Connection } from './connection.ts';
import { applyLoad } from './load.ts';
import { measureSignature } from './signature-limit.ts';
import { median, percentile } from './statistics.ts';
import type { Target } from './target.ts';

/** How much is measured. */
export type Extent = {
  readonly rounds: number;
  /** Tokens of each target in each round. */
  readonly tokens: number;
  readonly connections: number;
  /** Tokens of each target before the first round, not measured. */
  readonly warmUp: number;
  /** Delegations in the register. */
  readonly delegations: number;
};

/** What a target did, each figure the median of the rounds'. */
export type Figures = {
  readonly name: string;
  readonly tokensPerSecond: number;
  /** Microseconds of the server's CPU. */
  readonly cpuPerToken: number;
  /** The same in RSA-2048 signatures of the same round. */
  readonly signaturesPerToken: number;
  /** Microseconds of the load client's CPU, which shares the machine. */
  readonly clientCpuPerToken: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Requests that got no token, over all rounds. */
  readonly errors: number;
  readonly firstError?: string;
  /** Code of the refusal that the second of two equal requests got. */
  readonly replay: string;
};

/** What was measured. */
export type Measurement = {
  /** Microseconds of CPU of one RSA-2048 signature. */
  readonly signatureCpu: number;
  readonly targets: readonly Figures[];
};

/**
 * Warms every target up, measures them in rounds whose order alternates, with the cost of a signature between, and then sends
 * each a request twice.
 * @param tell hears of the progress.
 */
export async function measure(targets: readonly Target[], extent: Extent, tell: (line: string) => void): Promise<Measurement> {
  tell(`warming up with ${extent.warmUp} tokens for each target`);
  for (const target of targets) await warmUp(target, extent);
  const rounds: Round[] = [];
  for (let n = 0; n < extent.rounds; n++) {
    tell(`round ${n + 1} of ${extent.rounds}`);
    const signatureCpu = await measureSignature();
    for (const target of n % 2 === 0 ? targets : targets.toReversed()) {
      rounds.push({ target, signatureCpu, ...(await load(target, extent.tokens, extent.connections)) });
    }
  }
  return {
    signatureCpu: median(rounds.map(({ signatureCpu }) => signatureCpu)),
    targets: await Promise.all(targets.map(async (target) => ({ ...figures(target, rounds), replay: await replay(target) }))),
  };
}

type Round = Awaited<ReturnType<typeof load>> & { readonly target: Target; readonly signatureCpu: number };

/** @throws {Error} when not every request gets its token: then there is nothing to measure. */
async function warmUp(target: Target, { warmUp: tokens, connections }: Extent): Promise<void> {
  const { errors, firstError } = await load(target, tokens, connections);
  if (errors > 0) throw new Error(`${target.name}: ${errors} of ${tokens} requests got no token, the first: ${firstError}`);
}

/** Signs first, so that only the sending is measured. */
async function load(target: Target, tokens: number, connections: number) {
  const requests = await target.requests(tokens);
  const serverCpu = await target.server.cpu();
  const clientCpu = process.cpuUsage();
  const { seconds, latencies, errors, firstError } = await applyLoad(requests, { port: target.server.port, connections });
  const { user, system } = process.cpuUsage(clientCpu);
  return {
    tokensPerSecond: tokens / seconds,
    cpuPerToken: ((await target.server.cpu()) - serverCpu) / tokens,
    clientCpuPerToken: (user + system) / tokens,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    errors,
    ...(firstError !== undefined && { firstError }),
  };
}

function figures(target: Target, all: readonly Round[]): Omit<Figures, 'replay'> {
  const rounds = all.filter((round) => round.target === target);
  const middle = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const firstError = rounds.find((round) => round.firstError !== undefined)?.firstError;
  return {
    name: target.name,
    tokensPerSecond: middle((round) => round.tokensPerSecond),
    cpuPerToken: middle((round) => round.cpuPerToken),
    signaturesPerToken: middle((round) => round.cpuPerToken / round.signatureCpu),
    clientCpuPerToken: middle((round) => round.clientCpuPerToken),
    p50: middle((round) => round.p50),
    p99: middle((round) => round.p99),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    ...(firstError !== undefined && { firstError }),
  };
}

/** @returns the last segment of the second answer's `error_uri`, or its status where it has none. */
async function replay({ server, requests }: Target): Promise<string> {
  const [request] = await requests(1);
  if (!request) throw new Error('the target made no request');
  const connection = new Connection(server.port);
  await connection.ask(request);
  const { status, body } = await connection.ask(request);
  connection.close();
  return /\/errors\/([A-Z]+-\d+)"/.exec(body)?.[1] ?? `${status}`;
}
