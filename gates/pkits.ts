import { existsSync, readFileSync } from 'node:fs';
import { type Certificate, readCertificate } from '../keys/x509/certificate.ts';
import { assertAuthority, createTrust, validatePath } from '../keys/x509/chain.ts';
import { type Crl, readCrl } from '../keys/x509/crl.ts';
import { attempt, Refusal, type Rule } from '../keys/x509/refusal.ts';
import { assertNotRevoked } from '../keys/x509/revocation.ts';

/** NIST's path validation suite. Its file lies beside the project and is not part of it. */
const FILE = new URL('../../shared/data/pkits.json', import.meta.url);

type Case = {
  readonly id: string;
  readonly ee: string;
  readonly inter: readonly string[];
  readonly crls: readonly string[];
  readonly root: string;
  readonly ok: boolean;
};

/** A moment at which the suite's certificates are valid that should be. */
const MOMENT = Date.UTC(2020, 0) / 1000;

/** What the suite accepts and we refuse on purpose, by the rule that says so: section and numbers of the cases. */
const REFUSED_ON_PURPOSE: readonly [rule: Rule, why: string, cases: Readonly<Record<string, readonly number[]>>][] = [
  ['signature_algorithm', 'PV-SEC-042: no DSA', { '4.1': [4, 5] }],
  ['name_link', 'PV-SEC-047: names are compared byte for byte, not by their text', { '4.3': [3, 4, 5, 10, 11] }],
  ['unique_id', 'PV-SEC-041: no unique identifiers', { '4.3': [6] }],
  ['empty_name', 'PV-SEC-041: a subject has a name', { '4.13': [14] }],
  [
    'constraints',
    'PV-SEC-046: policy constraints, policy mappings and inhibited policies are not understood',
    { '4.8': [6, 10, 11, 13, 14], '4.9': [1, 2, 4, 6], '4.10': [9, 11, 13, 14], '4.11': [2, 4, 7], '4.12': [2, 3, 7, 9] },
  ],
  [
    'constraints',
    'PV-SEC-046: name constraints are not understood',
    { '4.13': [1, 4, 5, 6, 11, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36] },
  ],
  ['revocation', 'PV-SEC-053: a list is signed with a key of its issuer that stands in the path', { '4.4': [19], '4.5': [6] }],
  [
    'key_id_link',
    'security §2: a key that stands beside the path, for revocation lists alone, is not among what is sent',
    { '4.5': [4] },
  ],
  ['revocation', 'RFC 5280 §4.2.1.13 advises against distribution points named relative to their issuer', { '4.14': [4, 5, 7] }],
  ['revocation', 'RFC 5280 §5.2.5 advises against lists for some reasons alone', { '4.14': [18, 19] }],
  ['revocation', 'PV-SEC-053: no indirect lists', { '4.14': [22, 24, 25, 28, 29, 30, 33] }],
  ['revoked', 'PV-SEC-053: what a list of changes takes off another one counts as listed', { '4.15': [5, 7] }],
];

/** Whether the suite's file is at hand. */
export function isPkitsAtHand(): boolean {
  return existsSync(FILE);
}

/** What came of the suite; cases by section and number. */
export type PkitsOutcome = {
  readonly cases: number;
  readonly right: number;
  readonly wrong: number;
  readonly wronglyAccepted: readonly string[];
  /** Right, refused, and not on the list. */
  readonly wronglyRefused: readonly string[];
  /** On the list, and not refused by the rule that it names. */
  readonly notAsListed: readonly string[];
  /** How many right cases are refused on purpose, by reason. */
  readonly onPurpose: ReadonlyMap<string, number>;
};

/** Judges NIST PKITS with its revocation lists. */
export function judgePkits(): PkitsOutcome {
  const cases: readonly Case[] = JSON.parse(readFileSync(FILE, 'utf8'));
  const outcomes = new Map(cases.map((one) => [number(one.id), outcomesOf(one)]));
  const isAccepted = (place: string): boolean => outcomes.get(place)?.includes('accepted') ?? false;
  const places = (ok: boolean): string[] => cases.filter((one) => one.ok === ok).map(({ id }) => number(id));
  const onPurpose = REFUSED_ON_PURPOSE.flatMap(([rule, why, lists]) => numbers(lists).map((place) => ({ place, rule, why })));
  return {
    cases: outcomes.size,
    right: places(true).length,
    wrong: places(false).length,
    wronglyAccepted: places(false).filter(isAccepted),
    wronglyRefused: places(true).filter((place) => !isAccepted(place) && !onPurpose.some((one) => one.place === place)),
    notAsListed: onPurpose
      .filter(({ place, rule }) => isAccepted(place) || !outcomes.get(place)?.includes(rule))
      .map(({ place, rule }) => `${place} ${rule}`),
    onPurpose: new Map(REFUSED_ON_PURPOSE.map(([, why, lists]) => [why, numbers(lists).length])),
  };
}

/**
 * The file does not always say which certificates are the path and in which order; so each case is judged as it would be sent in
 * either order, and as a lone leaf with the others configured. One acceptance counts as such.
 */
function outcomesOf({ ee, inter, root, crls }: Case): readonly (Rule | 'accepted')[] {
  const lists = crls.flatMap((crl) => usable(() => readCrl(Buffer.from(crl, 'base64'))));
  return [
    outcome([ee, ...inter.toReversed()], { root, configured: [], lists }),
    outcome([ee, ...inter], { root, configured: [], lists }),
    outcome([ee], { root, configured: inter, lists }),
  ];
}

type Setting = { readonly root: string; readonly configured: readonly string[]; readonly lists: readonly Crl[] };

function outcome(sent: readonly string[], { root, configured, lists }: Setting): Rule | 'accepted' {
  const judged = attempt(() => {
    const trust = createTrust([read(root)], configured.flatMap(readAuthority));
    return validatePath(sent.map(read), trust, {
      now: MOMENT,
      assertNotRevoked: (path) => assertNotRevoked(path, lists, MOMENT),
    });
  });
  return judged instanceof Refusal ? judged.rule : 'accepted';
}

/** The certificate, if it could be an issuer: others among those of a case sign revocation lists. */
function readAuthority(base64: string): Certificate[] {
  return usable(() => {
    const certificate = read(base64);
    assertAuthority(certificate);
    return certificate;
  });
}

/** What can be read, or nothing. */
function usable<T>(readOne: () => T): T[] {
  const one = attempt(readOne);
  return one instanceof Refusal ? [] : [one];
}

function read(base64: string): Certificate {
  return readCertificate(Buffer.from(base64, 'base64'));
}

/** `pkits::40402_…` is case 2 of section 4.4; `pkits::41331_…` case 31 of 4.13. */
function number(id: string): string {
  const [, section, place] = /^pkits::4(\d\d)(\d\d)/.exec(id) ?? [];
  return `4.${Number(section)} ${Number(place)}`;
}

function numbers(lists: Readonly<Record<string, readonly number[]>>): string[] {
  return Object.entries(lists).flatMap(([section, places]) => places.map((place) => `${section.split(' ')[0]} ${place}`));
}
