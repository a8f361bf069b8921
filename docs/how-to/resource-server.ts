import { createServer, type Server } from 'node:http';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';

/** An API that answers organisations with a token of the issuer for the scope; `audience` is the API's own address. */
export function resourceServer({ issuer, scope, audience }: { issuer: string; scope: string; audience: string }): Server {
  const keys = createRemoteJWKSet(new URL('jwk', issuer));
  const rules = { issuer, algorithms: ['RS256'], requiredClaims: ['exp', 'scope'], maxTokenAge: '1h' };
  return createServer(async (request, response) => {
    const [, token] = /^Bearer ([\w.-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) return void response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
    try {
      const { payload } = await jwtVerify(token, keys, rules);
      if (![payload.aud ?? audience].flat().includes(audience)) throw new errors.JWTInvalid('meant for another API');
      const consumer = organization(payload, 'consumer');
      const supplier = 'supplier' in payload ? organization(payload, 'supplier') : undefined;
      if (!`${payload.scope}`.split(' ').includes(scope)) return void refuse(403, 'insufficient_scope');
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ consumer, supplier }));
    } catch (error) {
      const unreachable = !(error instanceof errors.JOSEError) || /GENERIC|TIMEOUT/.test(error.code);
      if (unreachable) response.writeHead(503).end();
      else refuse(401, 'invalid_token');
    }
    function refuse(status: number, code: string) {
      response.writeHead(status, { 'WWW-Authenticate': `Bearer error="${code}"` }).end();
    }
  });
}

/**
 * The organisation of a party: nine digits for a Norwegian one, `code:number` for one of another register, of which a sub-unit may
 * follow. The code is part of who it is: two registers may have the same number.
 */
function organization(payload: JWTPayload, claim: 'consumer' | 'supplier'): string {
  const party = payload[claim] as { authority?: unknown; ID?: unknown } | undefined;
  const [, norwegian, foreign] = /^(?:0192:(\d{9})|((?!0192)\d{4}:[^:]+))(?::|$)/.exec(`${party?.ID}`) ?? [];
  const number = norwegian ?? foreign;
  if (party?.authority !== 'iso6523-actorid-upis' || number === undefined) throw new errors.JWTInvalid(`no ${claim}`);
  return number;
}
