import type { Element, Node } from '@xmldom/xmldom';
import { ListRefusal } from './refusal.ts';

/** Name spaces of the elements that are read. ETSI TS 119 612 §5.2, XMLDSig §4, XAdES (ETSI EN 319 132-1), exclusive canonicalization */
export const NS = {
  list: 'http://uri.etsi.org/02231/v2#',
  listInfo: 'http://uri.etsi.org/02231/v2/additionaltypes#',
  qualifications: 'http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  xades: 'http://uri.etsi.org/01903/v1.3.2#',
} as const;

/** An element's name, with the name space that it must stand in. */
export type Name = readonly [space: string, name: string];

const ELEMENT = 1;

/** Whether the element has that name. */
export function isElement(element: Element, [space, name]: Name): boolean {
  return element.namespaceURI === space && element.localName === name;
}

/** The elements right beneath one, in order. */
export function childrenOf(parent: Element): readonly Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node; node = node.nextSibling) if (isAnyElement(node)) found.push(node);
  return found;
}

/** Those of them that have the name. */
export function childrenNamed(parent: Element, name: Name): readonly Element[] {
  return childrenOf(parent).filter((child) => isElement(child, name));
}

/** The one of that name, or undefined. @throws {ListRefusal} member, for a second one */
export function optionalChild(parent: Element, name: Name): Element | undefined {
  const [found, ...more] = childrenNamed(parent, name);
  if (more.length > 0) throw new ListRefusal('member', `${name[1]} ${more.length + 1} times`);
  return found;
}

/** The one of that name. @throws {ListRefusal} member, when there is none, or a second one */
export function onlyChild(parent: Element, name: Name): Element {
  const found = optionalChild(parent, name);
  if (!found) throw new ListRefusal('member', `no ${name[1]} in ${parent.localName}`);
  return found;
}

/** What stands in an element, without white space around it. @throws {ListRefusal} member, where elements stand in it */
export function textOf(element: Element): string {
  if (childrenOf(element).length > 0) throw new ListRefusal('member', `${element.localName} with elements in it`);
  return (element.textContent ?? '').trim();
}

/** The element and all beneath it, in the order of the document, with how deep they lie. */
export function* elementsIn(root: Element): Generator<{ readonly element: Element; readonly level: number }> {
  let node: Node | null = root;
  let level = 0;
  while (node) {
    if (isAnyElement(node)) yield { element: node, level };
    if (node.firstChild) {
      node = node.firstChild;
      level++;
      continue;
    }
    while (node && node !== root && !node.nextSibling) {
      node = node.parentNode;
      level--;
    }
    node = !node || node === root ? null : node.nextSibling;
  }
}

function isAnyElement(node: Node): node is Element {
  return node.nodeType === ELEMENT;
}
