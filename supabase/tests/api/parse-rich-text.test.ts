import type { JSONContent } from "@tiptap/core";
import Image from "@tiptap/extension-image";
import Mention from "@tiptap/extension-mention";
import StarterKit from "@tiptap/starter-kit";
import { renderToHTMLString } from "@tiptap/static-renderer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { growth } from "../support/growth.ts";
import { squeeze, visibleText } from "../support/html-model.ts";
import { size } from "../support/size.ts";
import { tiptapDocuments } from "../support/tiptap-documents.ts";

// Text, links, images and mentions of generated trees, against the HTML that TipTap's own renderer makes of them.

const SEED = 20261129;
const DOCUMENTS = size(200, 10_000);
const BATCH = 200;
const EXTENSIONS = [StarterKit, Image, Mention];

const sql = await useDatabase();

/** Each as a tree, and as the HTML of it. */
async function parsed(documents: JSONContent[], htmls: string[]): Promise<{ rich: string; html: string }[]> {
  return await sql<{ rich: string; html: string }[]>`
    select coalesce(private.parse_rich_text(d.value), '') as rich, coalesce(private.parse_html(h.html), '') as html
    from jsonb_array_elements(${sql.json(documents as never)}) with ordinality as d (value, number)
    join unnest(${htmls}::text[]) with ordinality as h (html, number) on h.number = d.number
    order by d.number
  `;
}

test("trees have the text and the addresses of the HTML that TipTap renders", async () => {
  for (let from = 0; from < DOCUMENTS; from += BATCH) {
    const documents = fc.sample(tiptapDocuments, { seed: SEED + from, numRuns: BATCH });
    const htmls = documents.map((content) => renderToHTMLString({ extensions: EXTENSIONS, content }));
    const texts = await parsed(documents, htmls);
    documents.forEach((document, index) => {
      const wanted = visibleText(htmls[index] ?? "");
      expect(squeeze(texts[index]?.rich ?? ""), JSON.stringify(document)).toBe(wanted);
      expect(squeeze(texts[index]?.html ?? ""), htmls[index]).toBe(wanted);
    });
  }
});

const LINE = {
  type: "paragraph",
  content: [{ type: "text", text: "See " }, {
    type: "text",
    text: "the log",
    marks: [{ type: "link", attrs: { href: "https://a.example" } }],
  }],
};
const SHAPES: Record<string, (length: number) => JSONContent> = {
  wide: (length) => ({ type: "doc", content: Array(length).fill(LINE) }),
  deep: (length) => {
    let node: JSONContent = LINE;
    for (let level = 0; level < length; level++) node = { type: "blockquote", content: [node] };
    return node;
  },
};

test.each(Object.entries(SHAPES))("a %s tree costs time in proportion to its size", async (_name, tree) => {
  const ratio = await growth(
    (length) => sql`select length(private.parse_rich_text(${JSON.stringify(tree(length))}::text::jsonb))`,
    1_024,
  );
  expect(ratio).toBeLessThan(4);
});
