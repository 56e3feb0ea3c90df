/** What may hold a semicolon that ends nothing: comments, texts (with escapes or without), quoted names, texts between dollars. */
const closed =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\be'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[a-z_]\w*)?\$)[\s\S]*?\1|;/gi;

/** The statements of a script, without the semicolons between them. Comments within comments are not expected. */
export function splitStatements(script: string): readonly string[] {
  const statements: string[] = [];
  let begin = 0;
  for (const { 0: found, index } of script.matchAll(closed)) {
    if (found !== ';') continue;
    statements.push(script.slice(begin, index));
    begin = index + 1;
  }
  statements.push(script.slice(begin));
  return statements.filter(saysSomething).map((statement) => statement.trim());
}

const saysSomething = (statement: string): boolean =>
  statement.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').trim() !== '';
