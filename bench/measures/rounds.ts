import { applyLoad, type Load } from '../load/closed-loop.ts';
import { applyOpenLoop } from '../load/open-loop.ts';
import { median, percentile } from '../load/statistics.ts';
import type { StoreCounters, Target } from '../targets/target.ts';
import { replay } from './replay.ts';
import { measureSignature } from './signature-limit.ts';

/** How much is measured. */
export type Extent = {
  readonly rounds: number;
  /** Tokens of each target in each round. */
  readonly tokens: number;
  readonly connections: number;
  /** Tokens of each target before the first round, not measured. */
  readonly warmUp: number;
  /** Requests a second of an open loop after the closed one; without it there is none. */
  readonly rate?: number;
};

/** Milliseconds. */
export type Latency = { readonly p50: number; readonly p99: number };

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
  /** For each token what its store did, where that has processes of its own. */
  readonly store?: StoreCounters;
  /** In the closed loop: mostly queueing. */
  readonly closed: Latency;
  /** In the open loop, from the scheduled time. */
  readonly open?: Latency;
  /** Requests that got no token, over all rounds. */
  readonly errors: number;
  readonly firstError?: string;
  /** What a spent assertion was answered with. */
  readonly replay: string;
  readonly replayIs?: string;
  readonly leavesOut?: string;
};

/** What was measured. */
export type Measurement = {
  /** Microseconds of CPU of one RSA-2048 signature. */
  readonly signatureCpu: number;
  readonly targets: readonly Figures[];
};

/**
 * Warms every target up, measures them in rounds whose order alternates, with the cost of a signature between, and then sends
 * each a request again and again.
 * @param tell hears of the progress.
 * @throws {Error} when not every request of the warming-up gets its token: then there is nothing to measure.
 */
export async function measure(targets: readonly Target[], extent: Extent, tell: (line: string) => void): Promise<Measurement> {
  tell(`warming up with ${extent.warmUp} tokens for each target`);
  for (const target of targets) await warmUp(target, extent);
  const rounds: Round[] = [];
  for (let n = 0; n < extent.rounds; n++) {
    tell(`round ${n + 1} of ${extent.rounds}`);
    const signatureCpu = await measureSignature();
    for (const target of n % 2 === 0 ? targets : targets.toReversed()) {
      rounds.push({ target, signatureCpu, ...(await measureOnce(target, extent)) });
    }
  }
  const figures: Figures[] = [];
  for (const target of targets) figures.push({ ...figuresOf(target, rounds), replay: await replay(target) });
  return { signatureCpu: median(rounds.map(({ signatureCpu }) => signatureCpu)), targets: figures };
}

type Round = Awaited<ReturnType<typeof measureOnce>> & { readonly target: Target; readonly signatureCpu: number };

/** @throws {Error} when a request gets no token */
export async function warmUp(
  target: Target,
  { warmUp: tokens, connections }: Pick<Extent, 'warmUp' | 'connections'>,
): Promise<void> {
  const { errors, firstError } = await applyLoad(await target.requests(tokens), { port: portsOf(target), connections });
  if (errors > 0) throw new Error(`${target.name}: ${errors} of ${tokens} requests got no token, the first: ${firstError}`);
}

/** The closed loop and then, where there is a rate, the open one. */
async function measureOnce(target: Target, extent: Extent) {
  const closed = await measureClosed(target, extent);
  if (extent.rate === undefined) return closed;
  const load = await applyOpenLoop(await target.requests(extent.tokens), { port: target.server.port, rate: extent.rate });
  const { errors, firstError = closed.firstError } = load;
  return {
    ...closed,
    open: latencyOf(load),
    errors: closed.errors + errors,
    ...(firstError !== undefined && { firstError }),
  };
}

/** Signs first, so that only the sending is measured. */
async function measureClosed(target: Target, { tokens, connections }: Extent) {
  const requests = await target.requests(tokens);
  const before = await target.store?.();
  const serverCpu = await target.server.cpu();
  const clientCpu = process.cpuUsage();
  const load = await applyLoad(requests, { port: portsOf(target), connections });
  const { user, system } = process.cpuUsage(clientCpu);
  const cpuPerToken = ((await target.server.cpu()) - serverCpu) / tokens;
  const after = await target.store?.();
  return {
    tokensPerSecond: tokens / load.seconds,
    cpuPerToken,
    store: before && after && perToken(before, after, tokens),
    clientCpuPerToken: (user + system) / tokens,
    closed: latencyOf(load),
    open: undefined as Latency | undefined,
    errors: load.errors,
    ...(load.firstError !== undefined && { firstError: load.firstError }),
  };
}

function portsOf({ server }: Target): number | readonly number[] {
  return server.ports ?? server.port;
}

function perToken(before: StoreCounters, after: StoreCounters, tokens: number): StoreCounters {
  const each = (counter: keyof StoreCounters): number => (after[counter] - before[counter]) / tokens;
  return { cpu: each('cpu'), statements: each('statements'), log: each('log') };
}

/** What a load's requests took. */
export function latencyOf({ latencies }: Pick<Load, 'latencies'>): Latency {
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

function figuresOf(target: Target, all: readonly Round[]): Omit<Figures, 'replay'> {
  const { name, replayIs, leavesOut } = target;
  const rounds = all.filter((round) => round.target === target);
  const middle = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const open = rounds.flatMap((round) => round.open ?? []);
  const store = rounds.flatMap((round) => round.store ?? []);
  const firstError = rounds.find((round) => round.firstError !== undefined)?.firstError;
  return {
    name,
    tokensPerSecond: middle((round) => round.tokensPerSecond),
    cpuPerToken: middle((round) => round.cpuPerToken),
    signaturesPerToken: middle((round) => round.cpuPerToken / round.signatureCpu),
    clientCpuPerToken: middle((round) => round.clientCpuPerToken),
    closed: middleLatency(rounds.map((round) => round.closed)),
    ...(store.length > 0 && { store: middleCounters(store) }),
    ...(open.length > 0 && { open: middleLatency(open) }),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    ...(firstError !== undefined && { firstError }),
    ...(replayIs !== undefined && { replayIs }),
    ...(leavesOut !== undefined && { leavesOut }),
  };
}

/** Median by median. */
export function middleLatency(latencies: readonly Latency[]): Latency {
  return { p50: median(latencies.map(({ p50 }) => p50)), p99: median(latencies.map(({ p99 }) => p99)) };
}

function middleCounters(all: readonly StoreCounters[]): StoreCounters {
  const middle = (counter: keyof StoreCounters): number => median(all.map((one) => one[counter]));
  return { cpu: middle('cpu'), statements: middle('statements'), log: middle('log') };
}
