import t from 'tap';
import { RULES, type Rule } from '../../keys/x509/refusal.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import { Fault } from '../../server/core/fault.ts';
import type { TrustEntry } from '../../server/core/ports.ts';
import { NOW } from './pki.ts';
import { type Chain, trust } from './valid-chain.ts';

export * from './valid-chain.ts';

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
