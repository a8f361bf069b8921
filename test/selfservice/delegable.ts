import assert from 'node:assert/strict';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import type { ApiCaller, TestApi } from './api.ts';

const OWNER = ['idporten:scopes.write'] as const;

/** The owner registers a scope that can be delegated here, and lets the consumer in. */
export async function makeDelegable({ server, as }: TestApi, subscope: string, settings: object = {}): Promise<string> {
  const owner = await as('owner', OWNER);
  const wish = { prefix: 'prove', subscope, description: subscope, delegation_source: server.issuer, ...settings };
  const made = await owner.post('/scopes', wish);
  assert.equal(made.status, 200, made.text);
  const scope = `prove:${subscope}`;
  const { status, text } = await owner.put(`/scopes/access/${ORGANIZATIONS.consumer.orgno}?scope=${scope}`);
  assert.equal(status, 200, text);
  return scope;
}

/** The entity tag of what stands at the path, as a change has to bring it. */
export async function tagOf(caller: ApiCaller, path: string): Promise<Record<string, string>> {
  return { 'If-Match': (await caller.get(path)).headers.get('etag') ?? '' };
}
