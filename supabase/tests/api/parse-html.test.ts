import fc from "fast-check";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { growth } from "../support/growth.ts";
import { htmlDocuments } from "../support/html-documents.ts";
import { squeeze, visibleText } from "../support/html-model.ts";
import { size } from "../support/size.ts";

// Text, links, images and frames of generated documents, against the tree that parse5 makes of them.

const SEED = 20261129;
const DOCUMENTS = size(500, 100_000);
const BATCH = 500;
const LENGTH = size(12_000, 800_000);

/** What a text is made of that could make it cost more than its length. */
const HOSTILE = [
  "Größe &amp; übel ",
  "<div>",
  "</blockquote>",
  '<a b="<a b=',
  "<!-- ",
  "<!----",
  "&notit;&#8364;&Aacute",
  "<&<",
  "<blockquote>a",
  "<ul><li>a",
  '<a href="https://a.example/?x&amp;y">[a</a>',
  '<a href="https://a.example">',
  "<pre>`a`</pre><code>`</code>",
  "<tr><td>a<td>b",
  "<script>a<",
  "<br>",
  "<b>a</b> ",
  "<p x='<'>",
  "</script x",
];

const sql = await useDatabase();

async function parsed(documents: string[]): Promise<string[]> {
  const rows = await sql<{ text: string | null }[]>`
    select private.parse_html(d.html) as text
    from unnest(${documents}::text[]) with ordinality as d (html, number) order by d.number
  `;
  return rows.map(({ text }) => text ?? "");
}

test("documents have the text and the addresses that a browser finds in them", async () => {
  for (let from = 0; from < DOCUMENTS; from += BATCH) {
    const documents = fc.sample(htmlDocuments, {
      seed: SEED + from,
      numRuns: Math.min(BATCH, DOCUMENTS - from),
    });
    const texts = await parsed(documents);
    documents.forEach((html, index) => {
      expect(squeeze(texts[index] ?? ""), html).toBe(visibleText(html));
    });
  }
});

test.each(HOSTILE)("%s costs time in proportion to its length", async (piece) => {
  const html = (length: number) => `<a href="https://a.example">${piece.repeat(length / piece.length)}`;
  const ratio = await growth(
    (length) => sql`select length(private.parse_html(${html(length)}))`,
    LENGTH,
  );
  expect(ratio).toBeLessThan(4);
});
