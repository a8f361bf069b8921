import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commonName, DAY, makeIssuing, makeRoot } from '../keys/pki.ts';
import { listXml, makeSigner, signList } from '../trusted-list/lists.ts';

/** RFC 7468 §5.1 */
export function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Writes what the examples of `trust import` and `trust preset` name: a list of Sweden with a CA of seals, `list.xml`, who has signed it,
 * `signer.pem`, and the certificate of a CA of the preset norway-test, `norwegian-ca.pem`. All are in force today.
 */
export async function writeTrustFiles(home: string): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const valid = { notBefore: now - DAY, notAfter: now + 30 * DAY };
  const write = (name: string, text: string) => writeFile(join(home, name), text);
  const signer = makeSigner('signer of lists', 2048, valid.notAfter);
  const services = [{ certificates: [makeRoot('Påhittad Seal CA', valid).der], since: now - DAY }];
  await write('list.xml', signList(listXml({ issued: now - DAY, nextUpdate: valid.notAfter, services }), signer));
  await write('signer.pem', pem(signer.der));
  const root = makeRoot('Norwegian root', { ...valid, subject: commonName('Buypass Class 3 Test4 Root CA G2 ST') });
  const subject = commonName('Buypass Class 3 Test4 CA G2 ST Business');
  await write('norwegian-ca.pem', pem(makeIssuing(root, 'Norwegian CA', { ...valid, subject }).der));
}
