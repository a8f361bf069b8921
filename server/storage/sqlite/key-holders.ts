import type { KeyHolder, KeyHolders } from '../../core/signing-key.ts';
import { DAY } from '../../core/time.ts';
import { fromRow, type KeyHolderRow, toRow } from '../rows/key-holder.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

/** What the processes that serve hold of the signing keys. */
export function keyHolders(reader: Connection, writer: Connection, writes: WriteQueue): KeyHolders {
  const insert = writer.statement<[KeyHolderRow]>(`
    INSERT INTO key_holders (process, node, at, kids) VALUES (@process, @node, @at, @kids)
    ON CONFLICT (process) DO UPDATE SET node = excluded.node, at = excluded.at, kids = excluded.kids`);
  const forget = writer.statement<[before: number]>('DELETE FROM key_holders WHERE at < ?');
  const remove = writer.statement<[process: string]>('DELETE FROM key_holders WHERE process = ?');
  const put = writer.change((holder: KeyHolder) => {
    insert.run(toRow(holder));
    forget.run(holder.at - DAY);
  });
  const leave = writer.change((process: string) => void remove.run(process));
  return {
    put: (holder) => writes.run(() => put(holder)),
    remove: (process) => writes.run(() => leave(process)),
    list: heldKeys(reader),
  };
}

/** By node, then process. */
export function heldKeys(connection: Connection): KeyHolders['list'] {
  const list = connection.statement<[], KeyHolderRow>('SELECT process, node, at, kids FROM key_holders ORDER BY node, process');
  return async () => list.all().map(fromRow);
}
