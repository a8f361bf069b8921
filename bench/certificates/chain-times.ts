import { type Authority, extension, key, keyId, makeIssuing, makeLeaf, makeRoot, NOW, type Order } from '../../test/keys/pki.ts';
import { median } from '../load/statistics.ts';
import { type ChainJudge, VALIDATORS } from './chain-validators.ts';

/** What a chain of three certificates takes, in microseconds of CPU, the medians of the rounds. */
export type ChainTime = {
  readonly validator: string;
  readonly kind: string;
  /** Why there are no figures. */
  readonly cannot?: string;
  readonly cold?: number;
  readonly cached?: number;
};

const KINDS = { 'RSA-2048': 2048, 'P-256': 'P-256' } as const;
type Kind = keyof typeof KINDS;

/** Chains in a round: each is cold but once. */
const CHAINS = 60;
const AT = new Date(NOW * 1000);

/** Has every validator judge the same chains in every round, their order turned about from round to round. */
export async function measureChains(rounds: number, tell: (line: string) => void): Promise<readonly ChainTime[]> {
  const times: ChainTime[] = [];
  for (const kind of Object.keys(KINDS) as Kind[]) {
    tell(`chains with ${kind}`);
    times.push(...(await measureKind(kind, rounds)));
  }
  return times;
}

async function measureKind(kind: Kind, rounds: number): Promise<readonly ChainTime[]> {
  const { root, chains } = makeChains(kind, (rounds + 1) * CHAINS);
  const able = VALIDATORS.filter(({ cannot }) => cannot?.(kind) === undefined);
  const judges = able.map(({ name, prepare }) => ({
    name,
    judge: prepare(root, AT),
    cold: [] as number[],
    cached: [] as number[],
  }));
  for (let round = 0; round <= rounds; round++) {
    const ofRound = chains.slice(round * CHAINS, (round + 1) * CHAINS);
    for (const one of round % 2 === 0 ? judges : judges.toReversed()) {
      const [cold, cached] = await measureRound(one.judge, ofRound);
      // The first round warms up.
      if (round > 0) one.cold.push(cold);
      if (round > 0) one.cached.push(cached);
    }
  }
  return VALIDATORS.map(({ name, cannot }): ChainTime => {
    const found = judges.find((one) => one.name === name);
    const why = cannot?.(kind) ?? '';
    return found
      ? { validator: name, kind, cold: median(found.cold), cached: median(found.cached) }
      : { validator: name, kind, cannot: why };
  });
}

async function measureRound(judge: ChainJudge, chains: readonly (readonly Buffer[])[]): Promise<[cold: number, cached: number]> {
  const cold = await perCall(chains.map((chain) => () => judge.cold(chain)));
  return [cold, await perCall(chains.map((chain) => judge.again(chain)))];
}

/** Microseconds of CPU for each, all threads counted: others on the machine do not. */
async function perCall(calls: readonly (() => Promise<void>)[]): Promise<number> {
  const before = process.cpuUsage();
  for (const call of calls) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls.length;
}

/** Distinct leaves below one issuing CA below one root. */
function makeChains(kind: Kind, count: number): { root: Buffer; chains: readonly (readonly Buffer[])[] } {
  const own = (title: string) => key(`bench ${title}`, KINDS[kind]);
  const signed = (title: string): Partial<Order> => ({ key: own(title), extensions: caExtensions(own(title)) });
  const root = makeRoot(`bench root ${kind}`, { ...signed('root'), signer: own('root') });
  const issuing: Authority = { ...makeIssuing(root, 'bench issuing', signed('issuing')), key: own('issuing') };
  const chains = Array.from({ length: count }, () => [makeLeaf(issuing, { key: own('leaf') }), issuing.der, root.der]);
  return { root: root.der, chains };
}

function caExtensions(own: ReturnType<typeof key>): Buffer[] {
  return [extension.ca(), extension.keyUsage(5, 6), extension.subjectKeyId(keyId(own))];
}
