import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { anchors, links, type Page, pages, top } from './markdown.ts';

t.test('every relative link leads to a file, and to a heading where it names one', async (t) => {
  t.ok(
    pages().some(({ path }) => path === 'docs/issuing-a-token.md'),
    'the pages were read',
  );
  t.same(pages().flatMap(brokenLinks), []);
});

t.test('a broken link would be found', async (t) => {
  const page = (text: string): Page => ({ path: 'docs/made-up.md', text });
  const broken = (target: string) => [`docs/made-up.md links to ${target}`];
  t.same(brokenLinks(page('[a](nowhere.md)')), broken('nowhere.md'));
  t.same(brokenLinks(page('![a](nowhere.svg)')), broken('nowhere.svg'));
  t.same(brokenLinks(page('[a](issuing-a-token.md#nowhere)')), broken('issuing-a-token.md#nowhere'));
  t.same(brokenLinks(page('[a](#nowhere)')), broken('#nowhere'));
  t.same(brokenLinks(page('# Some: where?\n[a](#some-where) [b](issuing-a-token.md) [c](https://example.no/)')), []);
});

function brokenLinks(page: Page): string[] {
  return links(page)
    .filter((target) => !leadsSomewhere(page, target))
    .map((target) => `${page.path} links to ${target}`);
}

function leadsSomewhere({ path, text }: Page, target: string): boolean {
  const [file = '', heading] = target.split('#');
  const address = new URL(file, new URL(path, top));
  if (file !== '' && !existsSync(address)) return false;
  return heading === undefined || anchors(file === '' ? text : readFileSync(address, 'utf8')).has(heading);
}
