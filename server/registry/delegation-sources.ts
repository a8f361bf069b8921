import type { Registers } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';

/** Who is asked about delegations: its name, and the issuer that scopes name it by. Contract §5.5.4 */
export type DelegationSource = {
  readonly name: string;
  readonly issuer: string;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** The sources that a scope may name: this server itself, and what the operator has registered and not switched off. */
export async function delegationSources({ sources }: Registers, issuer: string): Promise<readonly DelegationSource[]> {
  const registered = (await sources.list()).filter(({ active }) => active);
  return [{ name: 'portvakt', issuer, created: 0, lastUpdated: 0 }, ...registered];
}

/** Whether the delegations of scopes that name this source stand in the server's own register. */
export async function isOwnRegister({ sources }: Registers, delegationSource: string, issuer: string): Promise<boolean> {
  if (delegationSource === issuer) return true;
  const source = await sources.findByIssuer(delegationSource);
  return source?.kind === 'local' && source.active;
}
