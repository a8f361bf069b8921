import t from 'tap';
import { type Allowance, type Room, rooms } from '../house/rooms.ts';
import { pages } from './markdown.ts';

t.test('docs/architecture.md shows the table of rooms that imports are held to', async (t) => {
  const page = pages().find(({ path }) => path === 'docs/architecture.md');
  const [, section = ''] = page?.text.split('## Who may import whom') ?? [];
  const [table = ''] = section.split('\n## ');
  t.same(
    table.split('\n').filter((line) => line.startsWith('| `')),
    rooms.map(row),
  );
});

function row({ of, imports, never = [], packages = {} }: Room): string {
  const places = imports.map(code).join(', ') || 'nothing';
  const except = never.length === 0 ? '' : `, never ${never.map(code).join(', ')}`;
  return `| ${code(of)} | ${places}${except} | ${Object.entries(packages).map(described).join(', ')} |`;
}

function described([name, { only, in: place }]: [string, Allowance]): string {
  const bounds = [only && `only ${only.map(code).join(', ')}`, place && `in ${code(place)}`].filter(
    (bound) => bound !== undefined,
  );
  return bounds.length === 0 ? code(name) : `${code(name)} (${bounds.join('; ')})`;
}

function code(text: string): string {
  return `\`${text}\``;
}
