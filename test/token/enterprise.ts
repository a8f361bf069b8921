import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import type { World } from '../../fixtures/world.ts';
import type { TrustEntry } from '../../server/core/ports.ts';
import { tlv } from '../keys/encode.ts';
import { type Authority, entry, leafKey, makeIssuing, makeLeaf, makeList, makeRoot } from '../keys/pki.ts';
import type { TestServer } from './server.ts';

/** An authority of enterprise certificates that publishes what it has revoked, and a client's certificate of it. */
export const root: Authority = makeRoot('enterprise root');
export const issuing: Authority = makeIssuing(root, 'enterprise issuing');
export const SERIAL = Buffer.from([0x5e, 0x71]);
export const leaf = makeLeaf(issuing, { serialNumber: tlv(0x02, SERIAL) });
export const x5c: readonly string[] = [leaf.toString('base64')];

/** Where the authority publishes: a web server whose answers a test can change. */
export type Publisher = {
  readonly address: string;
  /** What it gives, by path; nothing is a 404. */
  readonly files: Record<string, Buffer | RequestListener>;
};

export async function publisher(t: Test): Promise<Publisher> {
  const files: Publisher['files'] = { '/root.crl': makeList(root), '/issuing.crl': makeList(issuing) };
  const server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    if (typeof file === 'function') return void file(request, response);
    response.writeHead(file ? 200 : 404).end(file);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, files };
}

/** The entries of anchor and issuing CA, of the production environment. */
export function enterpriseTrust({ address }: Pick<Publisher, 'address'>, more: Partial<TrustEntry> = {}): readonly TrustEntry[] {
  return [
    entry('anchor', root.der, { environment: 'production', crlUrls: [`${address}/root.crl`], ...more }),
    entry('intermediate', issuing.der, { environment: 'production', crlUrls: [`${address}/issuing.crl`] }),
  ];
}

/** A world that trusts this authority in place of its own. */
export function trusting(entries: readonly TrustEntry[]): (world: World) => World {
  return (world) => ({ ...world, trust: entries });
}

/** What a client with the certificate is answered: `token`, or the code of the refusal. */
export async function outcome(server: TestServer, chain: readonly string[] = x5c): Promise<string> {
  const { clientId } = server.client('demo-certificate');
  const assertion = await makeAssertion({
    ...{ clientId, audience: server.issuer, key: leafKey(), x5c: chain, now: Math.floor(server.clock.now()) },
    scope: 'prove:bygg.read',
  });
  const { status, body } = await server.ask(assertion);
  return status === 200 ? 'token' : (`${body.error_uri}`.split('/').at(-1) ?? '');
}
