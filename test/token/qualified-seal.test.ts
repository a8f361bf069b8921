import t from 'tap';
import { oid, sequence, utf8 } from '../keys/encode.ts';
import { certificate, entry, extension, keyId, leafExtensions, leafKey, makeIssuing, makeRoot, name, OID } from '../keys/pki.ts';
import { outcome, trusting } from './enterprise.ts';
import { refused, startTestServer, type Wishes } from './server.ts';

/** A scope may be for qualified seals alone. Ours; contract §2.4, §8.4 */

const root = makeRoot('seal root');
const issuing = makeIssuing(root, 'seal issuing');
const QC_COMPLIANCE = sequence(oid('0.4.0.1862.1.1'));
const ESEAL = sequence(oid('0.4.0.1862.1.6'), sequence(oid('0.4.0.1862.1.6.2')));

/** A certificate for seals of the organisation, with these qualified statements. ETSI EN 319 412-3, -5 */
function seal(...statements: readonly Buffer[]): string[] {
  const subject = name(
    [[OID.country, utf8('NO')]],
    [[OID.organization, utf8('Eksempel Bygg AS')]],
    [[OID.organizationIdentifier, utf8('NTRNO-310555037')]],
    [[OID.commonName, utf8('Eksempel Bygg AS')]],
  );
  const extensions = [
    ...leafExtensions(),
    extension.authorityKeyId(keyId(issuing.key)),
    extension.of('1.3.6.1.5.5.7.1.3', sequence(...statements)),
  ];
  const der = certificate({ subject, issuer: issuing.name, signer: issuing.key, key: leafKey(), extensions });
  return [der.toString('base64')];
}

const world: NonNullable<Wishes['world']> = (made) => ({
  ...trusting([
    entry('anchor', root.der, { profile: 'eidas-seal', organizationNamespaces: ['NTRNO'] }),
    entry('intermediate', issuing.der),
  ])(made),
  scopes: made.scopes.map((scope) => (scope.name === 'prove:bygg.read' ? { ...scope, requiresQualifiedSeal: true } : scope)),
});

t.test('PV-202 a scope that demands a qualified seal is for clients that sign with one', async (t) => {
  const server = await startTestServer(t, { world });
  t.equal(await outcome(server, seal(QC_COMPLIANCE, ESEAL)), 'token');
  t.equal(await outcome(server, seal(ESEAL)), 'PV-202', 'a seal that is not qualified');
  const answer = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  refused(t, answer, {
    ...{ code: 'PV-202', status: 400, error: 'invalid_scope' },
    phrase: 'Token request contains scopes that demand a qualified seal, prove:bygg.read',
  });
});

t.test('a scope that demands none is open to all as ever', async (t) => {
  const server = await startTestServer(t, { world: (made, ca) => ({ ...world(made, ca), scopes: made.scopes }) });
  t.equal(await outcome(server, seal(ESEAL)), 'token');
});
