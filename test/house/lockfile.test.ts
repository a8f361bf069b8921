import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { listedPackages } from './listed-packages.ts';

/** What is read of an entry of package-lock.json. */
type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

const top = new URL('../../', import.meta.url);
const read = (path: string) => JSON.parse(readFileSync(new URL(path, top), 'utf8'));
const { '': project, ...locked }: Record<string, Locked> = read('package-lock.json').packages;
const manifest = read('package.json');

/** Licences that a package we ship may have. */
const LICENCES = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  '0BSD',
  '(BSD-3-Clause OR GPL-2.0)',
];

t.test('every package is locked by version and digest, and by no host', async (t) => {
  const entries = Object.entries(locked);
  t.ok(entries.length > 100, 'the lockfile was read');
  t.same(
    entries.filter(([, { version }]) => !/^\d+\.\d+\.\d+/.test(version ?? '')),
    [],
    'without a version',
  );
  t.same(
    entries.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')),
    [],
    'without a digest',
  );
  t.same(
    entries.filter(([, { resolved }]) => resolved !== undefined),
    [],
    'with a host',
  );
});

t.test('whatever a package asks for is locked, for every platform, so that npm ci accepts the lockfile', async (t) => {
  t.same(project?.dependencies, manifest.dependencies);
  t.same(project?.devDependencies, manifest.devDependencies);
  t.same(project?.optionalDependencies, manifest.optionalDependencies);
  const missing = Object.entries(locked).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !resolves(path, name))
      .map((name) => `${path} asks for ${name}`),
  );
  t.same(missing, []);
});

t.test('our own packages are asked for by exact version', async (t) => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const asked: [string, string][] = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  t.same(
    asked.filter(([, version]) => !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)),
    [],
  );
});

t.test('every package that we ship has a licence that we may pass on', async (t) => {
  const shipped = Object.entries(locked).filter(([, { dev, optional }]) => !dev && !optional);
  t.ok(shipped.length > 10, 'there are some');
  t.same(
    shipped.filter(([, { license }]) => !LICENCES.includes(license ?? '')),
    [],
  );
});

t.test('PV-SEC-127 every package of ours has its line of reason in docs/dependencies.md, and no other has one', async (t) => {
  for (const [heading, kind] of [
    ['Run-time', manifest.dependencies],
    ['Development', manifest.devDependencies],
    ['Node itself', manifest.optionalDependencies],
  ] as const) {
    t.same(listedPackages(heading), Object.keys(kind ?? {}).sort(), heading);
  }
});

t.test('PV-SEC-127 packages with install scripts are those of the reviewed list', async (t) => {
  const withScripts = Object.keys(locked).filter(runsAtInstall).map(nameOf);
  t.same([...new Set(withScripts)].sort(), listedPackages('Install scripts'));
});

t.test('PV-SEC-127 installing runs no script of any package', async (t) => {
  t.match(readFileSync(new URL('.npmrc', top), 'utf8'), /^ignore-scripts=true$/m);
});

/** Whether Node, standing in that package, finds the other one in the lockfile's tree. */
function resolves(path: string, name: string): boolean {
  for (let folder = `${path}/`; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/'))) {
    if (`${folder}node_modules/${name}` in locked) return true;
    if (folder === '') return false;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** A script that npm would run at install: a declared one, or the compilation that a binding.gyp implies. */
function runsAtInstall(path: string): boolean {
  if (locked[path]?.hasInstallScript) return true;
  if (!existsSync(new URL(`${path}/package.json`, top))) return false;
  const { scripts = {} } = read(`${path}/package.json`);
  return (
    ['preinstall', 'install', 'postinstall'].some((name) => name in scripts) || existsSync(new URL(`${path}/binding.gyp`, top))
  );
}
