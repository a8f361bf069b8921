import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { download } from '../../keys/x509/download.ts';
import { loadList } from '../../keys/x509/load-list.ts';
import { RevocationLists } from '../../keys/x509/revocation-lists.ts';

/** Where a revocation list is fetched, and the certificate of its issuer in base64. */
export type FetchedList = { readonly url: string; readonly issuer: string };

/** What it took to fetch a list, verify it, and keep it ready to be asked. */
export type Loading = {
  readonly entries: number;
  /** Seconds, and those without the network. */
  readonly seconds: number;
  readonly loadSeconds: number;
  /** Octets of the table that is kept, and by how much the process had grown when it was there. */
  readonly table: number;
  readonly grown: number;
  /** The longest that the event loop was held up meanwhile, in milliseconds. */
  readonly stall: number;
  /** The most CPU that one turn of the event loop took, in milliseconds: unlike the stall, it is not the others' on the machine. */
  readonly turn: number;
};

const LIMITS = { bytes: 128 * 1024 * 1024, time: 60_000, allowPrivate: true };

const kept = new RevocationLists();

/** Does what the server does with a list when one is due. @param folder for the file, which goes */
export async function loadFetched({ url, issuer }: FetchedList, folder: string): Promise<Loading> {
  const source = { url, issuer: readCertificate(Buffer.from(issuer, 'base64')) };
  kept.follow([source]);
  const file = join(folder, 'bench.crl');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const [rss, began] = [process.memoryUsage.rss(), performance.now()];
  const turns = watchTurns();
  delay.enable();
  try {
    await download(url, file, LIMITS);
    const fetched = performance.now();
    const list = await loadList(file, source.issuer.der);
    kept.keep(source, list);
    const ended = performance.now();
    return {
      entries: list.revoked.count,
      seconds: (ended - began) / 1000,
      loadSeconds: (ended - fetched) / 1000,
      table: list.revoked.slots.byteLength + list.revoked.octets.byteLength,
      grown: process.memoryUsage.rss() - rss,
      stall: delay.max / 1e6,
      turn: await turns.most(),
    };
  } finally {
    turns.end();
    delay.disable();
    await rm(file, { force: true });
  }
}

/** Looks every millisecond at what the thread has used since. */
function watchTurns(): { most(): Promise<number>; end(): void } {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let [last, most] = [used(), 0];
  const timer = setInterval(() => {
    const now = used();
    most = Math.max(most, now - last);
    last = now;
  }, 1);
  // The turn in which a list arrives counts, too.
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  return { most: () => settle().then(() => most), end: () => clearInterval(timer) };
}
