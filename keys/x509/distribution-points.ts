import { contextTag, contextTagHolding, type DerValue, items, Members } from './der.ts';
import { Refusal } from './refusal.ts';

/**
 * The names in a certificate's CRLDistributionPoints under which its own issuer publishes whole lists, each as its GeneralName is
 * encoded. Points for some reasons alone, of another issuer, or named relative to one say nothing here. RFC 5280 §4.2.1.13
 * @throws {Refusal} structure
 */
export function listDistributionPoints(value: DerValue): readonly Buffer[] {
  return items(value).flatMap((point) => {
    const members = new Members(point);
    const name = members.takeIf(contextTagHolding(0));
    const reasons = members.takeIf(contextTag(1));
    const issuer = members.takeIf(contextTagHolding(2));
    members.end();
    return name && !reasons && !issuer ? (readPointName(name) ?? []) : [];
  });
}

/** What a revocation list says it is about. RFC 5280 §5.2.5 */
export type Scope = {
  /** It is published under these names alone, and about certificates that bear one of them. */
  readonly names?: readonly Buffer[];
  /** It is about certificates of CAs alone, or of others alone. */
  readonly only?: 'ca' | 'end_entity';
  /** It is about something else than all that its issuer has revoked of its own certificates, for whatever reason. */
  readonly isPartial: boolean;
};

/** Reads an IssuingDistributionPoint. @throws {Refusal} structure, extension */
export function readScope(value: DerValue): Scope {
  const members = new Members(value);
  const point = members.takeIf(contextTagHolding(0));
  const onlyUsers = takeTrue(members, 1);
  const onlyCas = takeTrue(members, 2);
  const someReasons = members.takeIf(contextTag(3));
  const isIndirect = takeTrue(members, 4);
  const onlyAttributes = takeTrue(members, 5);
  members.end();
  if ([onlyUsers, onlyCas, onlyAttributes].filter(Boolean).length > 1)
    throw new Refusal('extension', 'a list about two kinds of certificate alone');
  const names = point && readPointName(point);
  return {
    ...(names && { names }),
    ...((onlyUsers || onlyCas) && { only: onlyCas ? 'ca' : 'end_entity' }),
    isPartial: someReasons !== undefined || isIndirect || onlyAttributes || (point !== undefined && names === undefined),
  };
}

/** The full name of a DistributionPointName, which is one or more; undefined when it is relative to its issuer's. */
function readPointName(value: DerValue): readonly Buffer[] | undefined {
  const [choice, ...more] = value.children;
  if (!choice || more.length > 0) throw new Refusal('structure', 'a distribution point without one name');
  if (choice.tag === contextTagHolding(1)) return undefined;
  return items(choice, contextTagHolding(0)).map(({ der }) => der);
}

/** A BOOLEAN DEFAULT FALSE with an implicit tag. */
function takeTrue(members: Members, number: number): boolean {
  const value = members.takeIf(contextTag(number));
  if (value && (value.content.length !== 1 || value.content[0] !== 0xff))
    throw new Refusal('extension', 'an encoded default value');
  return value !== undefined;
}
