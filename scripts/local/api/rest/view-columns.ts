/** A column of a view and the column of a table or view that it shows. */
export interface ViewColumn {
  /** Position in the view. */
  position: number;
  /** Object id of the table or view, and the column's position in it. */
  table: number;
  column: number;
}

/**
 * The columns of a view that are columns of a table or view unchanged, from the tree of its rule
 * (`pg_rewrite.ev_action`, text of type `pg_node_tree`): the outermost query's target list. In it, braces and
 * parentheses that belong to names are escaped.
 */
export function parseViewColumns(tree: string): ViewColumn[] {
  const columns: ViewColumn[] = [];
  // braces of level 1 are the query, those of level 2 its parts
  let level = 0;
  let start = 0;
  let expressionEnd = 0;
  for (let at = 0; at < tree.length; at++) {
    const character = tree[at];
    if (character === "\\") at++;
    else if (character === "{" && ++level === 2) start = at;
    else if (character === "}" && level-- === 3) expressionEnd = at;
    else if (character === "}" && level === 1 && tree.startsWith("{TARGETENTRY ", start)) {
      const fields = tree.slice(expressionEnd, at);
      const found = fields.match(/ :resno (\d+) .* :resorigtbl (\d+) :resorigcol (\d+) /s);
      if (found && found[2] !== "0") {
        columns.push({ position: Number(found[1]), table: Number(found[2]), column: Number(found[3]) });
      }
    }
  }
  return columns;
}
