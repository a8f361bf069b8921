import t from 'tap';
import { RULES, type Rule } from '../../keys/x509/refusal.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import { Fault } from '../../server/core/fault.ts';
import type { TrustEntry } from '../../server/core/ports.ts';
import {
  type Authority,
  enterprise,
  entry,
  extension,
  leafExtensions,
  makeIssuing,
  makeLeaf,
  makeRoot,
  NOW,
  type Order,
  type RelativeName,
} from './pki.ts';

/** The chain that every case starts from: one thing is changed in it. */
export const root = makeRoot();
export const issuing = makeIssuing(root);
export const valid = makeLeaf(issuing);
export const trust: readonly TrustEntry[] = [entry('anchor', root.der), entry('intermediate', issuing.der)];

/** A chain as a client sends it, made when it is needed. */
export type Chain = () => readonly Buffer[];

/** A leaf alone, below the configured issuing CA. */
export const leaf =
  (order: Partial<Order> = {}): Chain =>
  () => [makeLeaf(issuing, order)];

/** A leaf with more extensions. */
export const withExtension = (...more: readonly Buffer[]): Chain => leaf({ extensions: [...leafExtensions(), ...more] });

/** A leaf whose subject has more relative names, and no organisation number of itself. */
export const subject = (...more: readonly RelativeName[]): Chain => leaf({ subject: enterprise(...more) });

/** A good leaf below an issuing CA that is sent along. */
export const below =
  (order: Partial<Order>, above: Authority = root): Chain =>
  () => {
    const ca = makeIssuing(above, 'other issuing', order);
    return [makeLeaf(ca), ca.der];
  };

export const CA_EXTENSIONS: readonly Buffer[] = [extension.ca(), extension.keyUsage(5, 6)];

/** A test of one fault: the chain is refused by this rule, with MP-120, and nothing of it is told. */
export function refuses(
  sentence: string,
  rule: Rule,
  chain: Chain,
  { trust: entries = trust, now = NOW }: { readonly trust?: readonly TrustEntry[]; readonly now?: number } = {},
): void {
  t.test(`${sentence} with MP-120, ${rule}`, async (t) => {
    const certificates = createCertificates(entries, { environment: entries[0]?.environment ?? 'test' });
    const sent = chain();
    const fault = await certificates.judge(sent, now).catch((error: unknown) => error);
    if (!(fault instanceof Fault)) return t.fail(`${JSON.stringify(fault)} is no refusal`);
    const { detail, expected } = fault.circumstances;
    t.equal(fault.code, 'MP-120');
    t.equal(detail?.split(':')[0], rule, detail ?? 'no detail');
    t.equal(expected, RULES[rule]);
    const told = JSON.stringify(fault.circumstances);
    for (const der of sent.filter(({ length }) => length > 45)) t.notOk(told.includes(der.toString('base64').slice(20, 60)));
  });
}

/** A test of a chain that holds. */
export function accepts(sentence: string, chain: Chain, verdict: object, entries: readonly TrustEntry[] = trust): void {
  t.test(sentence, async (t) => {
    const certificates = createCertificates(entries, { environment: 'test' });
    t.match(await certificates.judge(chain(), NOW), verdict);
  });
}
