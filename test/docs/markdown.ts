import { globSync, readFileSync } from 'node:fs';

/** A page: its path from the top of the checkout, and its text. */
export type Page = { readonly path: string; readonly text: string };

export const top = new URL('../../', import.meta.url);

/** Every page of the project: those at the top and those below docs/. */
export function pages(): Page[] {
  return globSync(['*.md', 'docs/**/*.md'], { cwd: top.pathname })
    .map((path) => path.replaceAll('\\', '/'))
    .map((path) => ({ path, text: readFileSync(new URL(path, top), 'utf8') }));
}

/** The page at that path. */
export function pageNamed(path: string): Page {
  const page = pages().find((candidate) => candidate.path === path);
  if (!page) throw new Error(`there is no ${path}`);
  return page;
}

/** The page's code blocks of that language, as they stand. */
export function blocks({ text }: Page, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);
}

/** Lines of the page's code blocks of that language, without empty lines and comments; after \ or | a line goes on in the next. */
export function codeLines(page: Page, language: string): string[] {
  return blocks(page, language).flatMap((block) =>
    block
      .replace(/\\\n|(?<=\|)\n/g, ' ')
      .split('\n')
      .map((line) => line.replace(/(^|\s)#\s.*$/, '').trim())
      .filter((line) => line !== ''),
  );
}

/** Relative links of a page, images included, outside of its code blocks. */
export function links({ text }: Page): string[] {
  const prose = text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '``');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => (/^[a-z]+:/.test(target) ? [] : [target]));
}

/** Anchors that the page's headings have. */
export function anchors(text: string): Set<string> {
  const headings = text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, heading = '']) => anchor(heading)));
}

/** As the places where Markdown is read make them: lower case, punctuation away, hyphens for spaces. */
function anchor(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
