import { isIssuer } from '../../server/config-schema.ts';
import { Failure } from '../failure.ts';

/** @throws {Failure} unless a server can call itself that. `PV-SEC-069` */
export function assertIssuer(issuer: string): void {
  if (isIssuer(issuer)) return;
  throw new Failure('usage', `--issuer ${issuer} cannot be an issuer`, {
    fix: 'it is https (or http on localhost), a host alone, and a final slash: https://token.example.no/',
  });
}
