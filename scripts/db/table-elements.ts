import { tokenize } from "./sql-tokens.ts";

/**
 * The parts of a `create table`, as they are written: columns by their name, constraints as `constraint <name>`. Comments
 * between them are left out.
 */
export function tableElements(createTable: string): Map<string, string> {
  const elements = new Map<string, string>();
  let depth = 0;
  let text = "";
  const add = (): void => {
    const element = text.trim();
    const name = element.match(/^(constraint\s+\w+|\w+)/)?.[1]?.replace(/\s+/, " ");
    if (name !== undefined) elements.set(name, element);
    text = "";
  };
  for (const token of tokenize(createTable)) {
    const isOpening = token.text === "(";
    const isClosing = token.text === ")";
    if (isClosing && --depth === 0) {
      add();
      break;
    }
    if (depth === 1 && token.text === ",") add();
    else if (depth > 0 && token.kind !== "comment") text += token.text;
    if (isOpening) depth++;
  }
  return elements;
}
