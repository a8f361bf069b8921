import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Certificate, readCertificate } from '../../keys/x509/certificate.ts';
import { assertAuthority, createTrust, validatePath } from '../../keys/x509/chain.ts';
import { Refusal, type Rule } from '../../keys/x509/refusal.ts';

/** NIST's path validation suite. Its file lies beside the project and is not part of it. */
const FILE = new URL('../../../shared/data/pkits.json', import.meta.url);

type Case = {
  readonly id: string;
  readonly ee: string;
  readonly inter: readonly string[];
  readonly root: string;
  readonly ok: boolean;
};

/** A moment at which the suite's certificates are valid that should be. */
const MOMENT = Date.UTC(2020, 0) / 1000;

/** What has to be refused for a revocation list, which nobody reads yet: section and numbers of the cases. */
const WAITING_FOR_REVOCATION: Readonly<Record<string, readonly number[]>> = {
  '4.4 basic certificate revocation': [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 18, 20, 21],
  '4.5 self-issued certificates that are revoked': [2, 5, 7],
  '4.7 issuers that may not sign revocation lists': [4, 5],
  '4.14 distribution points': [2, 3, 6, 8, 9, 11, 12, 14, 15, 16, 17, 20, 21, 23, 26, 27, 31, 32, 34, 35],
  '4.15 delta revocation lists': [1, 3, 4, 6, 9, 10],
};

/** What the suite accepts and we refuse on purpose, by the rule that says so. */
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
];

const skip = existsSync(FILE) ? false : 'pkits.json is not at hand: the folder shared/data does not stand beside the project';

t.test(
  'NIST PKITS by the path rules alone: nothing wrong is accepted but what only a revocation list refuses',
  { skip },
  async (t) => {
    const cases: readonly Case[] = JSON.parse(readFileSync(FILE, 'utf8'));
    const outcomes = new Map(cases.map((one) => [number(one.id), outcomesOf(one)]));
    t.equal(outcomes.size, cases.length, `all ${cases.length} cases are judged`);
    const accepted = (place: string): boolean => outcomes.get(place)?.includes('accepted') ?? false;
    const places = (ok: boolean): string[] => cases.filter((one) => one.ok === ok).map(({ id }) => number(id));

    const waiting = numbers(WAITING_FOR_REVOCATION);
    t.same(places(false).filter(accepted).toSorted(), waiting.toSorted(), 'wrong, and accepted until revocation is asked');

    const onPurpose = REFUSED_ON_PURPOSE.flatMap(([rule, why, lists]) => numbers(lists).map((place) => ({ place, rule, why })));
    t.same(
      places(true)
        .filter((place) => !accepted(place))
        .toSorted(),
      onPurpose.map(({ place }) => place).toSorted(),
      'right, and refused on purpose',
    );
    for (const { place, rule, why } of onPurpose) t.ok(outcomes.get(place)?.includes(rule), `${place} by ${why}`);

    const wrong = places(false).length;
    t.comment(`${wrong - waiting.length} of ${wrong} wrong cases refused, ${waiting.length} wait for revocation lists`);
    t.comment(
      `${places(true).filter(accepted).length} of ${places(true).length} right cases accepted, ${onPurpose.length} refused on purpose`,
    );
  },
);

/**
 * The file does not always say which certificates are the path and in which order; so each case is judged as it would be sent in
 * either order, and as a lone leaf with the others configured. One acceptance counts as such.
 */
function outcomesOf({ ee, inter, root }: Case): readonly (Rule | 'accepted')[] {
  return [outcome([ee, ...inter.toReversed()], [], root), outcome([ee, ...inter], [], root), outcome([ee], inter, root)];
}

function outcome(sent: readonly string[], configured: readonly string[], root: string): Rule | 'accepted' {
  try {
    const trust = createTrust([read(root)], configured.flatMap(readAuthority));
    validatePath(sent.map(read), trust, MOMENT);
    return 'accepted';
  } catch (error) {
    return ruleOf(error);
  }
}

/** The certificate, if it could be an issuer: others among those of a case sign revocation lists. */
function readAuthority(base64: string): Certificate[] {
  try {
    const certificate = read(base64);
    assertAuthority(certificate);
    return [certificate];
  } catch (error) {
    ruleOf(error);
    return [];
  }
}

function ruleOf(error: unknown): Rule {
  if (error instanceof Refusal) return error.rule;
  throw error;
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
