import type { Element } from '@xmldom/xmldom';
import { ExclusiveCanonicalization, SignedXml } from 'xml-crypto';
import type { Certificate } from '../../keys/x509/certificate.ts';
import { childrenNamed, childrenOf, elementsIn, isElement, type Name, NS } from './elements.ts';
import { parseXml } from './parse.ts';
import { ListRefusal } from './refusal.ts';
import { hashAlgorithms, isSafeDigest, isSafeMethod, signatureAlgorithms } from './signature-algorithms.ts';

/** A list as it was signed, and by whom. */
export type SignedList = { readonly root: Element; readonly signer: Certificate };

export const LIST: Name = [NS.list, 'TrustServiceStatusList'];
const SIGNATURE: Name = [NS.signature, 'Signature'];
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const SIGNED_PROPERTIES = 'http://uri.etsi.org/01903#SignedProperties';

/**
 * Verifies the enveloped signature of a trusted list against the signers that the operator gives; a key in the document counts for
 * nothing. The form is held to the one that ETSI TS 119 612 annex B has before the library sees the document, so that there is nothing
 * to choose: one list, one signature right beneath it, one reference to the whole of it. The signed properties of XAdES are the one
 * other reference; what they say is not needed, because the signer is known.
 * @returns the list as it was signed: read anew from the octets that the signature covers, without the signature.
 * @throws {ListRefusal} naming the rule
 */
export function verifyList(text: string, signers: readonly Certificate[]): SignedList {
  const root = parseXml(text);
  assertOneList(root);
  assertUniqueIds(root);
  const signature = signatureOf(root);
  const whole = wholeReference(signature, root);
  const { octets, signer } = verifyOctets(text, { signature, signers });
  const signed = octets[whole];
  if (signed === undefined) throw new ListRefusal('signature', 'a library that verified nothing');
  const list = parseXml(signed);
  if (!isElement(list, LIST)) throw new ListRefusal('root', list.localName);
  return { root: list, signer };
}

function assertOneList(root: Element): void {
  if (!isElement(root, LIST)) throw new ListRefusal('root', `${root.localName} as the root`);
  const lists = [...elementsIn(root)].filter(({ element }) => element.localName === LIST[1]);
  if (lists.length > 1) throw new ListRefusal('root', `${lists.length} lists`);
}

/** Any attribute that some reader takes for an identifier counts as one. */
function assertUniqueIds(root: Element): void {
  const known = new Set<string>();
  for (const { element } of elementsIn(root)) {
    for (const id of idsOf(element)) {
      if (known.has(id)) throw new ListRefusal('id_twice', `${id} twice`);
      known.add(id);
    }
  }
}

function idsOf({ attributes }: Element): readonly string[] {
  return Array.from({ length: attributes.length }, (_, place) => attributes.item(place)).flatMap((attribute) =>
    attribute && attribute.localName.toLowerCase() === 'id' ? [attribute.value] : [],
  );
}

/** The one signature: another one anywhere, of whatever name space, could be taken for it. */
function signatureOf(root: Element): Element {
  const all = [...elementsIn(root)].flatMap(({ element }) => (element.localName === SIGNATURE[1] ? [element] : []));
  const [signature, ...more] = all;
  if (!signature || more.length > 0) throw new ListRefusal('signature_place', `${all.length} signatures`);
  if (!isElement(signature, SIGNATURE) || signature.parentNode !== root)
    throw new ListRefusal('signature_place', 'a signature somewhere else');
  return signature;
}

/**
 * Which of the references is the one to the whole list. The library takes the first part of a name, at whatever depth and in whatever
 * name space: that must be the right one.
 */
function wholeReference(signature: Element, root: Element): number {
  const info = part(signature, 'SignedInfo');
  const canonicalization = part(info, 'CanonicalizationMethod');
  const method = part(info, 'SignatureMethod');
  for (const right of [info, canonicalization, method, part(signature, 'SignatureValue')]) {
    const first = [...elementsIn(signature)].find(({ element }) => element.localName === right.localName);
    if (first?.element !== right) throw new ListRefusal('signature_form', `another ${right.localName} before the right one`);
  }
  assertAlgorithm(canonicalization, (algorithm) => algorithm === EXCLUSIVE);
  assertAlgorithm(method, isSafeMethod);
  const references = childrenNamed(info, [NS.signature, 'Reference']);
  if (references.length !== childrenOf(info).length - 2) throw new ListRefusal('signature_form', 'unknown parts in SignedInfo');
  const whole = references.filter((reference) => !isToProperties(reference));
  const [only] = whole;
  if (!only || whole.length > 1 || references.length > 2)
    throw new ListRefusal('reference', `${references.length} references, ${whole.length} of them to the list`);
  assertWhole(only, root);
  for (const reference of references) if (reference !== only) assertOwnProperties(reference, signature);
  return references.indexOf(only);
}

function part(parent: Element, name: string): Element {
  const [found, ...more] = childrenNamed(parent, [NS.signature, name]);
  if (!found || more.length > 0) throw new ListRefusal('signature_form', `${name} ${found ? more.length + 1 : 0} times`);
  return found;
}

/** An algorithm without parameters. */
function assertAlgorithm(element: Element, isAllowed: (algorithm: string) => boolean): void {
  const algorithm = element.getAttribute('Algorithm');
  if (!isAllowed(algorithm)) throw new ListRefusal('signature_algorithm', algorithm || 'none');
  if (childrenOf(element).length > 0) throw new ListRefusal('signature_algorithm', `${algorithm} with parameters`);
}

function isToProperties(reference: Element): boolean {
  return reference.getAttribute('Type') === SIGNED_PROPERTIES;
}

function assertWhole(reference: Element, root: Element): void {
  const uri = reference.getAttribute('URI');
  const id = root.getAttribute('Id');
  if (!reference.hasAttribute('URI') || (uri !== '' && (id === '' || uri !== `#${id}`)))
    throw new ListRefusal('reference', `a reference to ${uri || 'nothing'}`);
  assertTransforms(reference, [ENVELOPED, EXCLUSIVE]);
}

/** Where a reference lies that is not to the list: in this signature, whose properties it covers. ETSI EN 319 132-1 §4.4.2 */
function assertOwnProperties(reference: Element, signature: Element): void {
  const uri = reference.getAttribute('URI');
  const [target] = [...elementsIn(signature)].filter(({ element }) => uri === `#${element.getAttribute('Id')}`);
  if (!target || !isElement(target.element, [NS.xades, 'SignedProperties']))
    throw new ListRefusal('reference', `signed properties at ${uri || 'nothing'}`);
  assertTransforms(reference, [EXCLUSIVE]);
}

function assertTransforms(reference: Element, expected: readonly string[]): void {
  assertAlgorithm(part(reference, 'DigestMethod'), isSafeDigest);
  part(reference, 'DigestValue');
  const transforms = childrenOf(part(reference, 'Transforms'));
  const met = transforms.map((transform) => transform.getAttribute('Algorithm'));
  if (met.join(' ') !== expected.join(' ')) throw new ListRefusal('reference', `the transforms ${met.join(', ') || 'none'}`);
  for (const transform of transforms) assertAlgorithm(transform, () => isElement(transform, [NS.signature, 'Transform']));
}

type Verification = { readonly signature: Element; readonly signers: readonly Certificate[] };

/** What the signature covers, reference by reference. Only what is allowed above is known to the library. */
function verifyOctets(text: string, { signature, signers }: Verification) {
  const found: Certificate[] = [];
  const library = new SignedXml({ publicCert: 'the signers that are given' });
  const { [EXCLUSIVE]: exclusive = ExclusiveCanonicalization, [ENVELOPED]: enveloped } = library.CanonicalizationAlgorithms;
  if (!enveloped) throw new Error('the library knows no enveloped signatures');
  library.CanonicalizationAlgorithms = { [EXCLUSIVE]: exclusive, [ENVELOPED]: enveloped };
  library.HashAlgorithms = hashAlgorithms();
  library.SignatureAlgorithms = signatureAlgorithms(signers, (signer) => void found.push(signer));
  try {
    library.loadSignature(signature);
    if (!library.checkSignature(text)) throw new ListRefusal('signature', 'a list that was changed after it was signed');
  } catch (error) {
    if (error instanceof ListRefusal) throw error;
    throw new ListRefusal('signature', 'one that does not fit', { cause: error });
  }
  const [signer] = found;
  if (!signer) throw new ListRefusal('signature', 'one that does not fit');
  return { octets: library.getSignedReferences(), signer };
}
