import { type DerValue, items, Members, readOid, TAG } from './der.ts';

/** What the statements of a certificate say of a seal. ETSI EN 319 412-5 §4.2.1 and §4.2.3 */
export type QualifiedStatements = {
  /** It is a qualified certificate by the law of the EU. */
  readonly isQualified: boolean;
  /** It is for electronic seals. */
  readonly isSeal: boolean;
};

const QC_COMPLIANCE = '0.4.0.1862.1.1';
const QC_TYPE = '0.4.0.1862.1.6';
const ESEAL = '0.4.0.1862.1.6.2';

/** Reads a QCStatements; statements of other kinds are passed over. RFC 3739 §3.2.6 @throws {Refusal} structure */
export function readQualifiedStatements(value: DerValue): QualifiedStatements {
  const statements = new Map(items(value).map(readStatement));
  const type = statements.get(QC_TYPE);
  return {
    isQualified: statements.has(QC_COMPLIANCE),
    isSeal: type !== undefined && items(type).map(readOid).includes(ESEAL),
  };
}

function readStatement(value: DerValue): readonly [oid: string, info: DerValue | undefined] {
  const members = new Members(value);
  const oid = readOid(members.take(TAG.oid));
  const info = members.takeAny();
  members.end();
  return [oid, info];
}
