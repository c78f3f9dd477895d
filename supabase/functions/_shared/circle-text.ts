/** A node of Circle's rich text, which is TipTap's. */
export interface RichNode {
  type: string;
  text?: string;
  content?: RichNode[];
  marks?: { type: string; attrs?: Record<string, string> }[];
}

/** `https://` and `http://` addresses, without a point or bracket that ends the sentence. */
const LINK = /https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}]/g;

/**
 * Text as Circle's APIs take it: a document of paragraphs, whose blank lines part them and whose addresses are links. Always
 * in the wrapper `{body}`: a bare document is accepted and lost.
 */
export const toRichText = (text: string): { body: RichNode } => ({
  body: {
    type: "doc",
    content: text.replace(/\r\n?/g, "\n").trim().split(/\n{2,}/).map((paragraph) => ({
      type: "paragraph",
      content: paragraph.split("\n").flatMap((line, at) => [
        ...(at === 0 ? [] : [{ type: "hardBreak" }]),
        ...inlineNodes(line),
      ]),
    })),
  },
});

function inlineNodes(line: string): RichNode[] {
  const nodes: RichNode[] = [];
  let at = 0;
  for (const { 0: href, index } of line.matchAll(LINK)) {
    if (index > at) nodes.push({ type: "text", text: line.slice(at, index) });
    // Circle wants the target too
    nodes.push({ type: "text", text: href, marks: [{ type: "link", attrs: { href, target: "_blank" } }] });
    at = index + href.length;
  }
  if (at < line.length) nodes.push({ type: "text", text: line.slice(at) });
  return nodes;
}
