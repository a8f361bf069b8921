import Database from 'better-sqlite3';
import t from 'tap';

t.test('sqlite opens', async (t) => {
  t.equal(new Database(':memory:').prepare('select 1 as x').pluck().get(), 1);
});
