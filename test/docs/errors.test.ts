import t from 'tap';
import { authentication } from '../../server/core/authenticate.ts';
import { authorization } from '../../server/core/authorize.ts';
import { catalogue, isFaultCode } from '../../server/core/catalogue.ts';
import { anchors, type Page, pages } from './markdown.ts';

const story = pages().find(({ path }) => path === 'docs/issuing-a-token.md');

t.test('every code of the catalogue has its heading in the reference', async (t) => {
  const headings = anchors(pages().find(({ path }) => path === 'docs/reference/errors.md')?.text ?? '');
  t.same(
    Object.keys(catalogue).filter((code) => !headings.has(code.toLowerCase())),
    [],
  );
});

t.test('every code that the token endpoint can answer has its place in the path of a request', async (t) => {
  const elsewhere = /^PV-6/; // the self-service API
  const codes = Object.keys(catalogue).filter((code) => !elsewhere.test(code));
  t.same(
    codes.filter((code) => !story?.text.includes(`[${code}]`)),
    [],
  );
});

t.test('every code that a page names exists', async (t) => {
  t.same(pages().flatMap(madeUpCodes), []);
  t.same(madeUpCodes({ path: 'a.md', text: 'MP-100, MP-999 and PV-SEC-014' }), ['a.md names MP-999'], 'another would be found');
});

t.test('every phrase of the catalogue is a sentence with cause and fix', async (t) => {
  const bare = Object.entries(catalogue).filter(
    ([, { phrase, cause, fix }]) => !phrase || !/\.$/.test(cause) || !/\.$/.test(fix),
  );
  t.same(bare, []);
});

t.test('the page on issuing a token lists the checks in their order', async (t) => {
  const rows = [...(story?.text ?? '').matchAll(/^\| (.+?) \| \[(?:MP|PV)-\d{3}\]/gm)].map(([, row = '']) =>
    row.replaceAll('`', ''),
  );
  const checks = [...authentication, ...authorization];
  t.equal(rows.length, checks.length);
  for (const [place, { title }] of checks.entries()) t.ok(rows[place]?.toLowerCase().startsWith(title.toLowerCase()), title);
});

function madeUpCodes({ path, text }: Page): string[] {
  return [...text.matchAll(/\b(?:MP|PV)-\d{3}\b/g)]
    .filter(([code]) => !isFaultCode(code))
    .map(([code]) => `${path} names ${code}`);
}
