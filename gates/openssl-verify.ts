import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, isSelfIssued, readCertificate } from '../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../keys/x509/chain.ts';
import { createChainJudge } from '../keys/x509/offline.ts';
import { attempt, Refusal } from '../keys/x509/refusal.ts';
import { NOW } from '../test/keys/pki.ts';
import { root as listRoot } from '../test/keys/valid-chain.ts';
import { makeChain, root } from './chains-by-chance.ts';
import { type Gate, TOLD } from './gate.ts';
import { makeLists } from './lists-by-chance.ts';
import { ofCases } from './of-cases.ts';
import { askOpenssl, isOpensslInstalled } from './openssl.ts';

const FULL = { chains: 10_000, lists: 2_000 };
const SHORT = { chains: 1_000, lists: 300 };

/** Chains and lists made by chance, through our rules and through OpenSSL's. Security reference §1 (6) */
export const opensslVerify: Gate = ofCases({
  id: 'openssl',
  cases: { full: FULL.chains, short: SHORT.chains },
  title: `${FULL.chains} generated and mutated chains, ${FULL.lists} sets of revocation lists: none accepted that openssl verify refuses`,
  run: async ({ isShort, seed, from, to, tell }) => {
    if (!isOpensslInstalled()) return { figures: {}, failures: ['the openssl command is not installed'] };
    const folder = await mkdtemp(join(tmpdir(), 'portvakt-gate-'));
    try {
      const { lists } = isShort ? SHORT : FULL;
      const ofChains = await compareChains({ seed, from, to }, folder);
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
});

/** What we accept on purpose although OpenSSL refuses it, and why. */
const REVIEWED: readonly { readonly why: string; readonly fits: (chain: readonly Certificate[]) => boolean }[] = [
  {
    why: 'OpenSSL takes a certificate in the name of its issuer, without a key identifier of it, for self-signed (RFC 5280 §6.1 does not)',
    fits: (chain) => chain.some((one) => isSelfIssued(one) && one.extensions.authorityKeyId === undefined),
  },
];

/** Where two judges agreed and where not. */
export type Comparison = {
  readonly both: number;
  readonly neither: number;
  /** Those that we alone refuse, by our rule. */
  readonly oursAlone: ReadonlyMap<string, number>;
  /** How many we alone accept, by the reason that was reviewed. */
  readonly reviewed: ReadonlyMap<string, number>;
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
  return compare(made, theirs, ({ sent }) =>
    validatePath(sent.map(readCertificate), createTrust([readCertificate(root.der)], []), { now: NOW }),
  );
}

/** Judges one chain by sets of lists of these numbers. @param folder for files, which stay */
export async function compareLists({ seed, from, to }: Numbers, folder: string): Promise<Comparison> {
  const made = numbers(from, to).map((number) => makeLists(seed, number));
  const theirs = await askOpenssl(
    made,
    ({ sent: [first = Buffer.alloc(0), ...untrusted], lists }) => ({
      root: listRoot.der,
      leaf: first,
      untrusted,
      lists,
      at: NOW,
    }),
    folder,
  );
  const judge = createChainJudge();
  return compare(made, theirs, ({ sent, lists }) => {
    const crls = lists.length === 0 ? [Buffer.from('none')] : lists;
    judge({ chain: sent, trust: [listRoot.der], untrusted: [], crls, at: NOW });
  });
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, place) => from + place);
}

function compare<T extends { readonly title: string; readonly sent: readonly Buffer[] }>(
  made: readonly T[],
  theirs: readonly boolean[],
  judge: (one: T) => unknown,
): Comparison {
  const counts = { both: 0, neither: 0 };
  const oursAlone = new Map<string, number>();
  const reviewed = new Map<string, number>();
  const failures: string[] = [];
  for (const [place, one] of made.entries()) {
    const outcome = attempt(() => judge(one) ?? 'accepted');
    const [isOurs, isTheirs] = [!(outcome instanceof Refusal), theirs[place] ?? false];
    if (isOurs && !isTheirs) {
      const why = REVIEWED.find(({ fits }) => fits(one.sent.map(readCertificate)))?.why;
      if (why === undefined) failures.push(`${one.title} is accepted, and OpenSSL refuses it`);
      else reviewed.set(why, (reviewed.get(why) ?? 0) + 1);
    }
    if (outcome instanceof Refusal && one.title.endsWith('without fault'))
      failures.push(`${one.title} is refused: ${outcome.message}`);
    if (isOurs && isTheirs) counts.both++;
    if (!isOurs && !isTheirs) counts.neither++;
    if (outcome instanceof Refusal && isTheirs) oursAlone.set(outcome.rule, (oursAlone.get(outcome.rule) ?? 0) + 1);
  }
  return { ...counts, oursAlone, reviewed, failures };
}

function figures(what: string, { both, neither, oursAlone, reviewed, failures }: Comparison): Record<string, string | number> {
  const alone = [...oursAlone].toSorted(([, one], [, other]) => other - one).map(([rule, count]) => `${rule} ${count}`);
  return {
    [`${what} accepted by both`]: both,
    [`${what} refused by both`]: neither,
    [`${what} refused by us alone`]: `${[...oursAlone.values()].reduce((sum, count) => sum + count, 0)} (${alone.join(', ')})`,
    [`${what} accepted by us alone`]: failures.length,
    ...Object.fromEntries([...reviewed].map(([why, count]) => [`${what} accepted by us alone as reviewed, ${why}`, count])),
  };
}
