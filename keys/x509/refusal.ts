/**
 * Every rule that a certificate, or the path it stands in, can break, and what the rule expects. The names are stable: logs,
 * explanations and commands show them. Security reference §2 and 4.4.
 */
export const RULES = {
  file: 'PEM blocks of the kind asked for, or DER; of one thing where one is asked for',
  line: 'a line with one JSON object: id, chain and trust, with untrusted, crls, at and profile where need be',
  der: 'strict DER, of at most 8 KiB (PV-SEC-039, PV-SEC-040)',
  structure: 'the structure of an X.509 certificate (RFC 5280 §4.1)',
  version: 'version 3 (PV-SEC-041)',
  serial_number: 'a positive serial number of at most 20 octets (PV-SEC-041)',
  empty_name: 'an issuer and a subject with a name (PV-SEC-041)',
  unique_id: 'no unique identifiers (PV-SEC-041)',
  algorithms_differ: 'the same signature algorithm inside and outside (PV-SEC-041)',
  time: 'dates as RFC 5280 §4.1.2.5 writes them',
  extension: 'well-formed extensions, without encoded defaults (PV-SEC-039)',
  extension_twice: 'each extension once (PV-SEC-043)',
  path_size: 'one to five certificates, the own one first (PV-SEC-040)',
  name_link: 'each certificate issued by the next, names equal byte for byte (PV-SEC-047)',
  key_id_link: "the authority key identifier to be the issuer's (PV-SEC-047)",
  not_yet_valid: 'a certificate whose validity has begun (PV-SEC-044)',
  expired: 'a certificate whose validity has not ended (PV-SEC-044)',
  not_a_ca: 'every issuer to be a CA that may sign certificates (PV-SEC-044)',
  path_length: 'no more CAs below an issuer than it allows (PV-SEC-044)',
  critical_extension: 'no critical extension that is unknown here (PV-SEC-043)',
  constraints: 'no name constraints, policy constraints, policy mappings or inhibited policies (PV-SEC-046)',
  key_policy: 'public keys of a kind and strength that is safe (PV-SEC-013)',
  signature_algorithm:
    'RSA or RSA-PSS with SHA-256, SHA-384 or SHA-512, ECDSA with SHA-256 or SHA-384, or Ed25519 where it is on (PV-SEC-042)',
  trust_anchor: 'a path that ends in a trust anchor of this server (PV-SEC-048)',
  effort: 'a path that is found with the effort of 80 signatures verified, among intermediates that anybody may have made',
  signature: "each certificate signed with its issuer's key",
  end_entity: 'an end entity, not a CA (PV-SEC-045)',
  key_usage: 'a key usage that the profile allows (PV-SEC-045)',
  extended_key_usage: "extended key usages, where present, that allow the profile's purpose (PV-SEC-045)",
  policy: 'a certificate policy that the profile accepts (PV-SEC-051)',
  subject: 'a subject with country, organisation, organisation identifier and common name (ETSI EN 319 412-3 §4.2.1)',
  seal: 'a certificate for electronic seals, by its qualified statements (ETSI EN 319 412-5 §4.2.3)',
  organization: "one organisation number, in the profile's place and name space (PV-SEC-049, PV-SEC-050)",
  revocation: 'a fresh answer that nothing in the path is revoked (PV-SEC-056)',
  revoked: 'certificates that their issuers have not revoked (PV-SEC-056)',
  crl: 'a revocation list of version 2, with a number and the date of the next list (PV-SEC-053)',
  crl_issuer: "a revocation list in the certificate's issuer's name, signed with its key, which may sign such (PV-SEC-053)",
  crl_not_fresh: 'a revocation list that has begun and has not ended (PV-SEC-053)',
  ocsp: 'a fresh answer about this certificate, signed by its issuer or by whom the issuer charged with it (PV-SEC-055)',
  crl_number: 'a revocation list with a number no lower than that of the last one (PV-SEC-053)',
  revocation_policy:
    'revocation asked of production anchors: off is for test anchors, soft needs a setting besides (security §3)',
  crl_scope: 'a whole revocation list that covers the certificate, for every reason (PV-SEC-053)',
  profile: 'a known issuer profile',
  environment: 'trust entries of one environment, test or production (PV-SEC-052)',
} as const;

export type Rule = keyof typeof RULES;

/** A certificate, or the path it stands in, is not accepted. Never leaves `keys/` towards a client: there it becomes a Fault. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly rule: Rule;
  /** What was met instead. Holds no text from the certificate that has not passed its own grammar. `PV-SEC-066` */
  readonly met: string;

  constructor(rule: Rule, met: string, options?: ErrorOptions) {
    super(`${rule}: ${met}`, options);
    this.rule = rule;
    this.met = met;
  }
}

/** What the action gives, or the Refusal that it ends in. */
export function attempt<T>(action: () => T): T | Refusal {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
