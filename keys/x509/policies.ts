import type { TrustEntry } from '../../server/core/ports.ts';

/** Policy identifiers that certificates may be issued under, by environment; one that ends in `.*` stands for all beneath it. */
export type Policies = Readonly<Record<TrustEntry['environment'], readonly string[]>>;

/**
 * The policies of Norwegian enterprise certificates: Buypass, Commfides, and in the test environment the test CA of Digdir.
 * Contract §8.4
 */
export const NORWEGIAN_POLICIES: Policies = {
  production: [
    '2.16.578.1.26.1.3.2',
    '2.16.578.1.26.1.3.5',
    '2.16.578.1.29.13.200',
    '2.16.578.1.29.13.200.*',
    '2.16.578.1.29.13.210',
    '2.16.578.1.29.13.210.*',
    '2.16.578.1.29.13.220.*',
    '2.16.578.1.29.13.1.1.0',
    '2.16.578.1.29.13.1',
  ],
  test: [
    '2.16.578.1.26.1.3.2',
    '2.16.578.1.26.1.3.5',
    '2.16.578.1.26.1.0.3.2',
    '2.16.578.1.29.913.200.*',
    '2.16.578.1.29.913.210.*',
    '2.16.578.1.29.913.220.*',
    '2.16.578.1.29.913.1.1.0',
    '2.16.578.1.29.13.1.1.0',
    '2.16.578.1.1.1.1.100',
  ],
};

/** Whether one of a certificate's policies is among those that are accepted. `PV-SEC-051` */
export function hasPolicy(policies: readonly string[], accepted: readonly string[]): boolean {
  return policies.some((policy) => accepted.some((entry) => matches(policy, entry)));
}

function matches(policy: string, entry: string): boolean {
  return entry.endsWith('.*') ? policy.startsWith(entry.slice(0, -1)) : policy === entry;
}
