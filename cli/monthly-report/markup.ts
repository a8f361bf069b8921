/** HTML that may stand in a page as it is. Made by {@link html} alone, so that whatever else comes into a page is escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text and numbers are escaped, markup is not, lists are one after the other, undefined is nothing. */
export type Part = Markup | string | number | undefined | readonly Part[];

/** Writes HTML. @example html`<td>${name}</td>` */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(texts.map((text, place) => text + (place < parts.length ? written(parts[place]) : '')).join(''));
}

function written(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(written).join('');
  return escaped(String(part));
}

/** In an element and in a quoted attribute; what no text shows is replaced, as a parser of HTML would. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"'`]/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(/(?![\t\n\r])\p{Cc}/gu, '\uFFFD');
}

/** A whole number with its thousands apart. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, '\u00a0');
}

/** A share of a whole in percent, with so many digits that what is not all does not look like it. */
export function share(part: number, whole: number, digits = 1): string {
  if (whole === 0) return '–';
  const step = 10 ** digits;
  return `${(Math.floor((part / whole) * 100 * step) / step).toFixed(digits)}\u00a0%`;
}
