import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';

// npm run build [-- FOLDER] makes the package that is published, in dist or in a new folder: the sources compiled once, because
// Node strips no types under node_modules, and beside them what needs no compiling. The same sources give the same bytes.
// Decisions 3, PV-SEC-129

const SOURCES = ['server', 'cli', 'keys', 'fixtures', 'testing'];
const PAPERS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs/reference'];

const root = import.meta.dirname;
const target = emptyFolder(process.argv[2]);
compile();
for (const folder of SOURCES) copy(folder, (source) => extname(source) !== '.ts');
for (const paper of PAPERS) copy(paper);
writeFileSync(join(target, 'package.json'), `${JSON.stringify(published(), null, 2)}\n`);

/** Only what an earlier build made is swept away, never what somebody else keeps in a folder. */
function emptyFolder(named: string | undefined): string {
  if (named === undefined) rmSync(join(root, 'dist'), { recursive: true, force: true });
  const folder = named === undefined ? join(root, 'dist') : resolve(process.env.INIT_CWD ?? '', named);
  if (existsSync(folder) && readdirSync(folder).length > 0) stop(`${folder} is not empty`);
  return folder;
}

function compile(): void {
  const compiler = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js');
  const options = ['--project', join(root, 'tsconfig.build.json'), '--outDir', target];
  const { status } = spawnSync(process.execPath, [compiler, ...options], { stdio: 'inherit' });
  if (status !== 0) stop('the sources do not compile');
}

function copy(name: string, filter: (source: string) => boolean = () => true): void {
  const source = join(root, name);
  if (existsSync(source)) cpSync(source, join(target, name), { recursive: true, filter });
}

/** The checkout's package.json less what only a checkout needs: its scripts, its tools, and the Node that it brings along. */
function published(): object {
  const { name, version, description, license, type, bin, exports, engines, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return { name, version, description, license, type, bin, exports: compiled(exports), engines, dependencies };
}

/** What others may import, with its types, each source by what it was compiled to. */
function compiled(exports: Readonly<Record<string, string>>): object {
  const entries = Object.entries(exports).map(([name, source]) => {
    const stem = source.replace(/\.ts$/, '');
    return [name, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  return Object.fromEntries(entries);
}

function stop(reason: string): never {
  process.stderr.write(`✗ ${reason}\n`);
  process.exit(1);
}
