import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCertificate } from '../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../keys/x509/chain.ts';
import { createChainJudge } from '../keys/x509/offline.ts';
import { attempt, Refusal } from '../keys/x509/refusal.ts';
import { NOW } from '../test/keys/pki.ts';
import { issuing, root as listRoot } from '../test/keys/valid-chain.ts';
import { type MadeChain, makeChain, root } from './chains-by-chance.ts';
import { type Gate, TOLD } from './gate.ts';
import { leaf, type MadeLists, makeLists } from './lists-by-chance.ts';
import { askOpenssl, isOpensslInstalled } from './openssl.ts';

const FULL = { chains: 10_000, lists: 2_000 };
const SHORT = { chains: 1_000, lists: 300 };

/** Chains and lists made by chance, through our rules and through OpenSSL's. Security reference §1 (6) */
export const opensslVerify: Gate = {
  id: 'openssl',
  title: `${FULL.chains} generated and mutated chains, ${FULL.lists} sets of revocation lists: none accepted that openssl verify refuses`,
  run: async ({ isShort, seed, from, tell }) => {
    if (!isOpensslInstalled()) return { figures: {}, failures: ['the openssl command is not installed'] };
    const folder = await mkdtemp(join(tmpdir(), 'portvakt-gate-'));
    try {
      const { chains, lists } = isShort ? SHORT : FULL;
      const ofChains = await compareChains({ seed, from, to: Math.max(chains, from) }, folder);
      tell('chains are done');
      const ofLists = await compareLists({ seed, from: 0, to: lists }, folder);
      return {
        figures: { ...figures('chains', ofChains), ...figures('lists', ofLists) },
        failures: [...ofChains.failures, ...ofLists.failures].slice(0, TOLD),
      };
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** Where two judges agreed and where not. */
export type Comparison = {
  readonly both: number;
  readonly neither: number;
  /** Those that we alone refuse, by our rule. */
  readonly oursAlone: ReadonlyMap<string, number>;
  /** What is accepted and must not be, or is without fault and refused. */
  readonly failures: readonly string[];
};

type Numbers = { readonly seed: number; readonly from: number; readonly to: number };

/** Judges chains of these numbers. @param folder for files, which stay */
export async function compareChains({ seed, from, to }: Numbers, folder: string): Promise<Comparison> {
  const made = numbers(from, to).map((number) => makeChain(seed, number));
  const theirs = await askOpenssl(
    made,
    ({ sent: [first = Buffer.alloc(0), ...untrusted] }) => ({ root: root.der, leaf: first, untrusted, at: NOW }),
    folder,
  );
  return compare(made, theirs, ({ sent }: MadeChain) =>
    validatePath(sent.map(readCertificate), createTrust([readCertificate(root.der)], []), { now: NOW }),
  );
}

/** Judges one chain by sets of lists of these numbers. @param folder for files, which stay */
export async function compareLists({ seed, from, to }: Numbers, folder: string): Promise<Comparison> {
  const made = numbers(from, to).map((number) => makeLists(seed, number));
  const theirs = await askOpenssl(
    made,
    ({ lists }) => ({ root: listRoot.der, leaf, untrusted: [issuing.der], lists, at: NOW }),
    folder,
  );
  const judge = createChainJudge();
  return compare(made, theirs, ({ lists }: MadeLists) => {
    const crls = lists.length === 0 ? [Buffer.from('none')] : lists;
    judge({ chain: [leaf, issuing.der], trust: [listRoot.der], untrusted: [], crls, at: NOW });
  });
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, place) => from + place);
}

function compare<T extends { readonly title: string }>(
  made: readonly T[],
  theirs: readonly boolean[],
  judge: (one: T) => unknown,
): Comparison {
  const counts = { both: 0, neither: 0 };
  const oursAlone = new Map<string, number>();
  const failures: string[] = [];
  for (const [place, one] of made.entries()) {
    const outcome = attempt(() => judge(one) ?? 'accepted');
    const [isOurs, isTheirs] = [!(outcome instanceof Refusal), theirs[place] ?? false];
    if (isOurs && !isTheirs) failures.push(`${one.title} is accepted, and OpenSSL refuses it`);
    if (outcome instanceof Refusal && one.title.endsWith('without fault'))
      failures.push(`${one.title} is refused: ${outcome.message}`);
    if (isOurs && isTheirs) counts.both++;
    if (!isOurs && !isTheirs) counts.neither++;
    if (outcome instanceof Refusal && isTheirs) oursAlone.set(outcome.rule, (oursAlone.get(outcome.rule) ?? 0) + 1);
  }
  return { ...counts, oursAlone, failures };
}

function figures(what: string, { both, neither, oursAlone, failures }: Comparison): Record<string, string | number> {
  const alone = [...oursAlone].toSorted(([, one], [, other]) => other - one).map(([rule, count]) => `${rule} ${count}`);
  return {
    [`${what} accepted by both`]: both,
    [`${what} refused by both`]: neither,
    [`${what} refused by us alone`]: `${[...oursAlone.values()].reduce((sum, count) => sum + count, 0)} (${alone.join(', ')})`,
    [`${what} accepted by us alone`]: failures.length,
  };
}
