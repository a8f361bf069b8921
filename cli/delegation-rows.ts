import { parseOrganizationNumber } from '../server/core/organization.ts';
import { cells } from './access-rows.ts';
import { Failure, type FailureDetail } from './failure.ts';

/** One delegation in a file. */
export type DelegationRow = {
  readonly scope: string;
  readonly supplier: string;
  /** A day or a moment. */
  readonly until?: string;
  readonly reason?: string;
};

/**
 * Reads CSV with a header that names `scope` and `supplier_orgno`, and perhaps `valid_to` and `reason`. Empty lines do not count,
 * other columns are passed over.
 * @throws {Failure} `invalid`, naming every line that is wrong: nothing is done by halves
 */
export function readDelegationRows(text: string): readonly DelegationRow[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, place) => ({ place: place + 1, cells: cells(line) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const columns = lines[0]?.cells ?? [];
  if (!columns.includes('scope') || !columns.includes('supplier_orgno'))
    throw new Failure('invalid', 'the first line does not name the columns scope and supplier_orgno; nothing was sent');
  const mistakes: FailureDetail[] = [];
  const rows = lines.slice(1).flatMap(({ place, cells }) => {
    const cell = (column: string): string => cells[columns.indexOf(column)] ?? '';
    const supplier = parseOrganizationNumber(cell('supplier_orgno'));
    const scope = cell('scope');
    if (supplier === undefined)
      mistakes.push({ path: `line ${place}`, message: `"${cell('supplier_orgno')}" is not an organisation number` });
    else if (scope === '') mistakes.push({ path: `line ${place}`, message: 'names no scope' });
    else return { scope, supplier, ...optional('until', cell('valid_to')), ...optional('reason', cell('reason')) };
    return [];
  });
  if (mistakes.length === 0) return rows;
  throw new Failure('invalid', `${mistakes.length} lines cannot be used; nothing was sent`, { details: mistakes });
}

function optional(name: 'until' | 'reason', value: string): object {
  return value === '' ? {} : { [name]: value };
}
