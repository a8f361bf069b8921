/** Who is asked about delegations: its name, and the issuer that scopes name it by. Contract §5.5.4 */
export type DelegationSource = { readonly name: string; readonly issuer: string };

/** The sources that this server knows: itself. */
export function delegationSources(issuer: string): readonly DelegationSource[] {
  return [{ name: 'portvakt', issuer }];
}
