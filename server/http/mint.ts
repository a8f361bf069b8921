import type { Context } from 'koa';
import { Fault, invalidField } from '../core/fault.ts';
import type { Ports, TokenSigner } from '../core/ports.ts';
import { isTokenFault, TOKEN_FAULTS, type TokenFault } from '../core/token-fault.ts';
import type { Admission } from './admission.ts';
import { type TokenWatch, tokenEndpoint } from './token-endpoint.ts';

type Handler = (ctx: Context) => Promise<void>;

/**
 * POST /mint?fault=NAME: a token request that is judged, spent and counted as any other, and whose token has one fault; without a
 * fault it is sound. So nobody is given what it was not entitled to. Own, for owners who test their verifiers
 * @param signers absent in production, where every request is refused with PV-605.
 */
export function mint(
  ports: Ports,
  signers: ((fault: TokenFault) => TokenSigner) | undefined,
  around: { readonly admission: Admission; readonly watch: TokenWatch },
): Handler {
  const sound = tokenEndpoint(ports, around);
  return async (ctx) => {
    if (!signers) throw new Fault('PV-605');
    const query = new URLSearchParams(ctx.querystring);
    const named = query.getAll('fault');
    const [fault] = named;
    if (fault === undefined) return sound(ctx);
    if (named.length > 1 || !isTokenFault(fault))
      throw invalidField('query', 'fault', `must be one of ${Object.keys(TOKEN_FAULTS).join(', ')}`);
    return tokenEndpoint({ ...ports, signer: signers(fault) }, around)(ctx);
  };
}
