import { parseOrganizationNumber } from '../server/core/organization.ts';
import { Failure, type FailureDetail } from './failure.ts';

/** One access in a file. */
export type AccessRow = { readonly scope: string; readonly consumer: string };

/**
 * Reads CSV with a header that names `consumer_orgno` and, unless one scope is meant for all, `scope`; or a bare list of
 * organisation numbers, one a line. Empty lines and what follows `#` do not count. Other columns are passed over.
 * @throws {Failure} `invalid`, naming every line that is wrong: nothing is done by halves
 */
export function readAccessRows(text: string, scope: string | undefined): readonly AccessRow[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, place) => ({ place: place + 1, cells: cells(line.replace(/(^|\s)#.*$/, '')) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const [first] = lines;
  const header = first?.cells.includes('consumer_orgno') ? first.cells : undefined;
  const columns = header ?? ['consumer_orgno'];
  const mistakes: FailureDetail[] = [];
  const rows = lines.slice(header ? 1 : 0).flatMap(({ place, cells }) => {
    const orgno = cells[columns.indexOf('consumer_orgno')] ?? '';
    const consumer = parseOrganizationNumber(orgno);
    const named = scope ?? cells[columns.indexOf('scope')] ?? '';
    if (consumer === undefined) mistakes.push({ path: `line ${place}`, message: `"${orgno}" is not an organisation number` });
    else if (named === '') mistakes.push({ path: `line ${place}`, message: 'names no scope' });
    else return { scope: named, consumer };
    return [];
  });
  if (mistakes.length === 0) return rows;
  throw new Failure('invalid', `${mistakes.length} lines cannot be used; nothing was sent`, {
    details: mistakes,
    fix: 'correct the lines; a scope for all of them is named with --scope',
  });
}

/** The cells of a line of CSV without line ends in its cells. RFC 4180 */
export function cells(line: string): readonly string[] {
  return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare = '']) =>
    (quoted?.replaceAll('""', '"') ?? bare).trim(),
  );
}
