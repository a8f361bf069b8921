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
