/** The statements of a migration, each with the comments before it; those inside of a trigger belong to it. */
export function statementsOf(sql: string): readonly string[] {
  const statements: string[] = [];
  let open = '';
  for (const line of sql.split('\n')) {
    open += `${line}\n`;
    const code = line.replace(/--.*$/, '').trimEnd();
    const isTrigger = /^\s*CREATE TRIGGER/m.test(open);
    if (!code.endsWith(isTrigger ? 'END;' : ';')) continue;
    statements.push(open);
    open = '';
  }
  return statements;
}
