/** A row with truths as SQLite has them, which knows none: 0 or 1. */
export type Numbered<Row, Truth extends keyof Row> = Omit<Row, Truth> & Readonly<Record<Truth, number>>;
