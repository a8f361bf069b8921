import { LRUCache } from 'lru-cache';
import type { EpochSeconds } from '../../server/core/time.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { assertAuthority, createTrust, type Path, possibleIssuers, validatePath } from './chain.ts';
import { readCrl } from './crl.ts';
import { nameSpaces } from './name-spaces.ts';
import { type Holder, judgeByProfile, PROFILES } from './profile.ts';
import { attempt, Refusal } from './refusal.ts';
import { assertNotRevoked } from './revocation.ts';
import { sparingJudge } from './signature.ts';

/** A chain, and all that it shall be judged by; certificates and lists in DER. */
export type ChainCase = {
  /** As a client sends it, the leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly trust: readonly Uint8Array[];
  /** CA certificates that may lead up to a trusted one. */
  readonly untrusted: readonly Uint8Array[];
  /** With any, a fresh one is demanded for every certificate below the anchor; with none, revocation is not asked. */
  readonly crls: readonly Uint8Array[];
  readonly at: EpochSeconds;
  /** The issuer profile that the chain is held to; without one the path rules alone count. */
  readonly profile?: string;
};

/** A chain that holds. */
export type ChainVerdict = {
  readonly path: Path;
  /** Whose it is, where a profile was asked for. */
  readonly holder?: Holder;
};

/** Certificates that were read before: cases often share their issuers, whose keys are prepared with them. */
const REMEMBERED = 2000;

/** What the signatures of a chain and of all that may stand above it may cost, in verifications with a P-256 key: six milliseconds or so. */
const ALLOWANCE = 80;

/**
 * A judge of chains without a server: the same reader and rules, and nothing but what each case brings along. What cannot be used of
 * its trust, its untrusted certificates and its lists is passed over, as it can help no chain. Ed25519 counts.
 * @returns a function that throws {Refusal}, naming the rule.
 */
export function createChainJudge(): (chainCase: ChainCase) => ChainVerdict {
  const read = rememberingReader();
  return ({ chain, trust, untrusted, crls, at, profile }) => {
    const anchors = usable(trust.map((der) => () => readAuthority(der, read)));
    const intermediates = usable(untrusted.map((der) => () => readAuthority(der, read)));
    const [first] = anchors.refusals;
    if (anchors.values.length === 0 && first) throw new Refusal(first.rule, `trusted certificate: ${first.met}`);
    const lists = usable(crls.map((der) => () => readCrl(der))).values;
    const sent = chain.map(read);
    const isSigned = sparingJudge(ALLOWANCE);
    const above = sent.flatMap((certificate) => possibleIssuers(certificate, intermediates.values));
    const path = validatePath(sent, createTrust(anchors.values, [...new Set(above)], isSigned), {
      now: at,
      ed25519: true,
      isSigned,
      ...(crls.length > 0 && { assertNotRevoked: (path: Path) => assertNotRevoked(path, lists, at) }),
    });
    return { path, ...(profile !== undefined && { holder: holderBy(profile, path) }) };
  };
}

type Read = (der: Uint8Array) => Certificate;

function rememberingReader(): Read {
  const known = new LRUCache<string, Certificate>({ max: REMEMBERED });
  return (der) => {
    const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('latin1');
    const certificate = known.get(key) ?? readCertificate(der);
    known.set(key, certificate);
    return certificate;
  };
}

function readAuthority(der: Uint8Array, read: Read): Certificate {
  const certificate = read(der);
  assertAuthority(certificate);
  return certificate;
}

/** Nothing says which name spaces the anchor may assert: a profile without any of its own takes all that are known. */
function holderBy(name: string, path: Path): Holder {
  const profile = PROFILES.get(name);
  if (!profile) throw new Refusal('profile', 'another one');
  const { prefixes = [...nameSpaces().keys()] } = profile;
  return judgeByProfile(path, profile, { prefixes });
}

function usable<T extends object>(reads: readonly (() => T)[]): { values: readonly T[]; refusals: readonly Refusal[] } {
  const outcomes = reads.map((read) => attempt(read));
  const refusals = outcomes.filter((outcome) => outcome instanceof Refusal);
  return { refusals, values: outcomes.flatMap((outcome) => (outcome instanceof Refusal ? [] : [outcome])) };
}
