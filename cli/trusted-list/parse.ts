import { DOMParser, type Element } from '@xmldom/xmldom';
import { elementsIn } from './elements.ts';
import { ListRefusal } from './refusal.ts';

/** Largest list that is read, in bytes: three times the largest there is. */
export const LIST_MAX_BYTES = 16 * 1024 * 1024;

/**
 * Most tags, most elements in all, inside one another, and most beside one another, with white space between: bounds for memory, for the libraries' recursion, and for the
 * time in which they put elements into the order of the document. The largest lists have about 100,000 tags.
 */
const MAX_TAGS = 250_000;
const MAX_ELEMENTS = MAX_TAGS / 2;
const MAX_DEPTH = 64;
const MAX_CHILDREN = 1_000;

/** No control character is one of XML's. XML 1.0 §2.2 */
const NO_CHARACTER = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const DECLARATION =
  /^<\?xml[ \t\r\n]+version=["']1\.0["']([ \t\r\n]+encoding=["']utf-8["'])?([ \t\r\n]+standalone=["']\w+["'])?[ \t\r\n]*\?>/i;

/** The text of a list's file, without a byte order mark. @throws {ListRefusal} size, xml */
export function decodeXml(bytes: Uint8Array): string {
  if (bytes.length > LIST_MAX_BYTES) throw new ListRefusal('size', `more than ${LIST_MAX_BYTES} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ListRefusal('xml', 'bytes that are no UTF-8', { cause });
  }
}

/**
 * Parses XML that may come from anybody. What expands, fetches or could be read in two ways is refused before it is parsed, and whatever
 * the parser would only warn of.
 * @returns the root element.
 * @throws {ListRefusal} size, xml
 */
export function parseXml(text: string): Element {
  assertPlain(text);
  const root = parse(text);
  assertShape(root);
  return root;
}

function assertPlain(text: string): void {
  if (NO_CHARACTER.test(text)) throw new ListRefusal('xml', 'a control character');
  const [declaration = ''] = DECLARATION.exec(text) ?? [];
  if (text.includes('<?', declaration.length)) throw new ListRefusal('xml', 'a processing instruction, or another declaration');
  // The parser would pass over text around the root element.
  if (!/^\s*</.test(text) || text.at(text.trimEnd().length - 1) !== '>') throw new ListRefusal('xml', 'text around the list');
  const markup = /<!(?!--|\[CDATA\[)\w*/.exec(text);
  if (markup) throw new ListRefusal('xml', `${markup[0]}: a DTD`);
  if (text.split('<', MAX_TAGS + 2).length > MAX_TAGS + 1) throw new ListRefusal('size', `more than ${MAX_TAGS} tags`);
}

function parse(text: string): Element {
  const errorHandler = (level: string, message: unknown): never => {
    throw new ListRefusal('xml', `${level}: ${String(message).split('\n', 1)[0]}`);
  };
  try {
    const root = new DOMParser({ errorHandler }).parseFromString(text, 'text/xml').documentElement;
    if (root) return root;
  } catch (error) {
    if (error instanceof ListRefusal) throw error;
    throw new ListRefusal('xml', 'something that the parser gave up on', { cause: error });
  }
  throw new ListRefusal('xml', 'no element');
}

/** Step by step, not by recursion: the depth is not known yet. */
function assertShape(root: Element): void {
  let elements = 0;
  for (const { element, level } of elementsIn(root)) {
    if (++elements > MAX_ELEMENTS) throw new ListRefusal('size', `more than ${MAX_ELEMENTS} elements`);
    if (level >= MAX_DEPTH) throw new ListRefusal('size', `more than ${MAX_DEPTH} elements inside one another`);
    let children = 0;
    for (let node = element.firstChild; node; node = node.nextSibling) children++;
    if (children > 2 * MAX_CHILDREN + 1)
      throw new ListRefusal('size', `more than ${MAX_CHILDREN} elements in ${element.localName}`);
  }
}
