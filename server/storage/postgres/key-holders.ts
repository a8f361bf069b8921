import type { KeyHolders } from '../../core/signing-key.ts';
import { DAY } from '../../core/time.ts';
import { fromRow, type KeyHolderRow, toRow } from '../rows/key-holder.ts';
import type { Connection } from './database.ts';

/** What the processes that serve hold of the signing keys. */
export function keyHolders(connection: Connection): KeyHolders {
  const insert = connection.statement<[KeyHolderRow]>(`
    INSERT INTO key_holders (process, node, at, kids) VALUES (@process, @node, @at, @kids)
    ON CONFLICT (process) DO UPDATE SET node = excluded.node, at = excluded.at, kids = excluded.kids`);
  const forget = connection.statement<[before: number]>('DELETE FROM key_holders WHERE at < $1');
  const remove = connection.statement<[process: string]>('DELETE FROM key_holders WHERE process = $1');
  const list = connection.statement<[], KeyHolderRow>('SELECT process, node, at, kids FROM key_holders ORDER BY node, process');
  return {
    put: async (holder) => {
      await insert.run(toRow(holder));
      await forget.run(holder.at - DAY);
    },
    remove: async (process) => void (await remove.run(process)),
    list: async () => (await list.all()).map(fromRow),
  };
}
