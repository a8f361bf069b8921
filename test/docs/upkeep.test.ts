import t from 'tap';
import { codeLines, pageNamed } from './markdown.ts';
import { newcomer } from './newcomer.ts';

t.setTimeout(120_000);

for (const name of ['docs/how-to/back-up-and-restore.md', 'docs/how-to/upgrade.md']) {
  t.test(`the commands of ${name} work as they are written`, async (t) => {
    const { run } = await newcomer(t);
    for (const line of [
      'portvakt init --issuer http://localhost:7300/',
      'portvakt serve --check',
      ...codeLines(pageNamed(name), 'sh'),
    ]) {
      const { status, output } = await run(line);
      t.equal(status, 0, line, { output });
    }
  });
}
