import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import t from 'tap';
import { wholeProgram } from '../../docs/pages/cli.ts';
import { codeLines, type Page, pages, top } from './markdown.ts';

const { scripts } = JSON.parse(readFileSync(new URL('package.json', top), 'utf8'));
const program = await wholeProgram();

t.test('every command in the code blocks of the pages exists, with its flags', async (t) => {
  t.ok(
    pages().some((page) => codeLines(page, 'sh').length > 0),
    'there are some',
  );
  t.same(pages().flatMap(mistakes), []);
});

t.test('every portvakt command that the pages on operations only show exists too', async (t) => {
  const shown = pages()
    .filter(({ path }) => path.startsWith('docs/operations/'))
    .flatMap((page) => codeLines(page, 'text').filter((line) => line.startsWith('portvakt ')));
  t.ok(shown.length > 3, 'there are some');
  for (const line of shown) t.equal(mistakeIn(line), undefined, line);
});

t.test('a command that does not exist would be found', async (t) => {
  const wrong = (line: string) => mistakes({ path: 'a.md', text: `\`\`\`sh\n${line}\n\`\`\`\n` });
  t.same(wrong('npm run nothing'), ['a.md: npm run nothing: there is no such script']);
  t.same(wrong('portvakt nothing'), ['a.md: portvakt nothing: there is no such command']);
  t.same(wrong('npm run -s portvakt -- token nothing'), ['a.md: npm run -s portvakt -- token nothing: there is no such command']);
  t.same(wrong('portvakt dev --nothing 7'), ['a.md: portvakt dev --nothing 7: there is no flag --nothing']);
  t.same(wrong('portvakt explain'), ['a.md: portvakt explain: an argument is missing']);
  t.same(wrong('portvakt dev word'), ['a.md: portvakt dev word: there are too many arguments']);
  t.same(wrong('make install'), ['a.md: make install: this test does not know make']);
  t.same(wrong('npm ci && npm run demo # both'), []);
  t.same(wrong('portvakt token get --client demo-consumer \\\n  --scope a:b -o json | portvakt token inspect -'), []);
});

function mistakes(page: Page): string[] {
  return codeLines(page, 'sh').flatMap((line) =>
    line.split(/\s*(?:&&|\|\|?|;)\s*/).flatMap((command) => {
      const mistake = mistakeIn(command);
      return mistake === undefined ? [] : `${page.path}: ${line}: ${mistake}`;
    }),
  );
}

/** What is wrong with a command line; what comes before and after it in the shell has been cut away. */
function mistakeIn(line: string): string | undefined {
  const words = line.replace(/^\w+=\$\(|\)$|\s*>\s*\S+| &$/g, '').match(/"[^"]*"|\S+/g) ?? [];
  const [name, ...rest] = words;
  if (name === 'portvakt') return misuse(rest, program);
  if (name === 'npm' && rest.join(' ').startsWith('run -s portvakt -- ')) return misuse(rest.slice(4), program);
  if (name === 'npm') return npmMisuse(rest);
  return ['cat', 'chmod', 'curl', 'echo', 'kill', 'openssl', 'printf', 'xargs'].includes(name ?? '')
    ? undefined
    : `this test does not know ${name}`;
}

function npmMisuse(words: readonly string[]): string | undefined {
  const [command, script] = words.filter((word) => !word.startsWith('-'));
  const known =
    ['ci', 'cit', 'test', 'install'].includes(command ?? '') || (command === 'run' && script !== undefined && script in scripts);
  return known ? undefined : 'there is no such script';
}

function misuse(words: readonly string[], command: Command): string | undefined {
  const [first = '', ...rest] = words;
  const verb = command.commands.find((candidate) => candidate.name() === first);
  if (verb) return misuse(rest, verb);
  if (command.commands.length > 0) return first.startsWith('-') ? undefined : 'there is no such command';
  return flagMisuse(words, command);
}

function flagMisuse(words: readonly string[], command: Command): string | undefined {
  const options = [...command.options, ...program.options];
  let operands = 0;
  for (let place = 0; place < words.length; place++) {
    const word = words[place] ?? '';
    if (!/^-./.test(word)) operands++;
    else {
      const option = options.find(({ short, long }) => [short, long].includes(word.split('=')[0] ?? ''));
      if (!option) return `there is no flag ${word}`;
      if (option.required && !word.includes('=')) place++;
    }
  }
  const { registeredArguments: wanted } = command;
  if (operands < wanted.filter(({ required }) => required).length) return 'an argument is missing';
  return operands > wanted.length && !wanted.some(({ variadic }) => variadic) ? 'there are too many arguments' : undefined;
}
