import type { TestServer } from './server.ts';

/** Assertions that are refused, one of each kind: of which client, with what, and the code that is answered. */
export function refusedAssertions(server: TestServer, asked: { readonly scope: string }) {
  const cases: readonly (readonly [name: string, options: object, code: string])[] = [
    ['demo-expired-key', asked, 'MP-121'],
    ['demo-expired-certificate', asked, 'MP-120'],
    ['demo-disabled', asked, 'MP-100'],
    ['demo-consumer', { scope: 'prove:innbygger.read' }, 'MP-201'],
    ['demo-consumer', { ...asked, claims: { aud: 5 } }, 'MP-011'],
    ['demo-consumer', { ...asked, claims: { x: 5 } }, 'PV-014'],
    ['demo-consumer', { ...asked, lifetime: 121 }, 'PV-132'],
    ['demo-consumer', { ...asked, claims: { consumer_org: '310555053' } }, 'MP-251'],
    ['demo-consumer', { ...asked, key: server.client('demo-supplier').key }, 'MP-124'],
  ];
  return cases;
}
