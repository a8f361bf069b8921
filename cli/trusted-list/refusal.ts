/**
 * The rules that a trusted list is held to, each as what had been expected. Those that are broken by the file itself come first, then
 * those of its signature, then those of what it says.
 */
export const LIST_RULES = {
  size: 'at most 16 MiB and 250,000 tags, no deeper than 64 elements, with 1,000 in each',
  xml: 'well-formed XML 1.0 in UTF-8, without a DTD, entities of its own, and processing instructions',
  root: 'one trusted list, and nothing else that could be taken for one',
  id_twice: 'identifiers that stand for one element each',
  signature_place: 'one signature, a child of the list itself',
  signature_form: 'a signature with each of its parts once',
  signature_algorithm: 'exclusive canonicalization, and RSA or ECDSA with SHA-256 or better',
  reference: 'a signature over the whole list, and at most its own signed properties besides',
  signer: 'a certificate of the signer that is given, valid now',
  signature: 'a signature by the key of one of the signers that are given, over exactly this list',
  list_type: 'the trusted list of one country, of version 5 or 6 (ETSI TS 119 612)',
  member: 'each member of the list as often as ETSI TS 119 612 has it, in its form',
  certificate: 'certificates that can be read',
  contradiction: 'one word about each certificate',
  expired: 'a list that is in force: its next update lies ahead',
  territory: 'a list of a country that was asked for',
} as const satisfies Readonly<Record<string, string>>;

/** The name of a rule. */
export type ListRule = keyof typeof LIST_RULES;

/** A trusted list that cannot be used. */
export class ListRefusal extends Error {
  override readonly name = 'ListRefusal';
  readonly rule: ListRule;
  /** What was met instead of what the rule expects. */
  readonly met: string;

  constructor(rule: ListRule, met: string, options?: ErrorOptions) {
    super(`${rule}: ${met}`, options);
    this.rule = rule;
    this.met = met;
  }
}
