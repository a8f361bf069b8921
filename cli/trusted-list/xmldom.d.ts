/**
 * What is used of the package `@xmldom/xmldom`, 0.8. Its own declarations bring in those of the browser's whole DOM, which every file of
 * the project would see then; tsconfig.json has the compiler read these instead.
 */
export type Node = {
  readonly nodeType: number;
  readonly parentNode: Node | null;
  readonly firstChild: Node | null;
  readonly nextSibling: Node | null;
  readonly textContent: string | null;
};

export type Element = Node & {
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly attributes: { readonly length: number; item(index: number): Attribute | null };
  hasAttribute(name: string): boolean;
  /** Empty where there is none. */
  getAttribute(name: string): string;
};

export type Attribute = { readonly localName: string; readonly value: string };

export type Document = Node & { readonly documentElement: Element | null };

export declare class DOMParser {
  constructor(options: { readonly errorHandler: (level: string, message: unknown) => void });
  parseFromString(text: string, mimeType: 'text/xml'): Document;
}
