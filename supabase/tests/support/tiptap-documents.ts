import type { JSONContent } from "@tiptap/core";
import fc from "fast-check";

// Documents as TipTap's editor makes them, with the nodes of its starter kit, images and mentions.

const ADDRESSES = [
  "https://a.example/x",
  "https://a.example/?x=1&y=2",
  "https://a.example/f_(x)",
  "mailto:ana@example.org",
] as const;
const WORDS = [
  "alpha",
  "Größe",
  "你好",
  "😀",
  "a < b",
  "&amp;",
  "<b>",
  "two  words",
  "`",
  "[x]",
  "x]",
  '"quoted"',
  "C#",
] as const;

const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((parts) =>
  parts.join(" ")
);

const marks = fc.record({
  bold: fc.boolean(),
  strike: fc.boolean(),
  code: fc.integer({ min: 0, max: 4 }),
  link: fc.option(fc.constantFrom(...ADDRESSES), { freq: 3 }),
}).map(({ bold, strike, code, link }) => {
  // code excludes all other marks
  if (code === 0) return [{ type: "code" }];
  return [
    ...link === null ? [] : [{ type: "link", attrs: { href: link, target: "_blank" } }],
    ...bold ? [{ type: "bold" }] : [],
    ...strike ? [{ type: "strike" }] : [],
  ];
});

const text: fc.Arbitrary<JSONContent> = fc.record({ type: fc.constant("text"), text: words, marks });

const inline: fc.Arbitrary<JSONContent> = fc.oneof(
  { weight: 5, arbitrary: text },
  fc.constant({ type: "hardBreak" }),
  fc.constantFrom(
    { type: "mention", attrs: { id: "1", label: "Ana Ruiz" } },
    { type: "mention", attrs: { id: "u-lee", label: null } },
  ),
);

const linkOf = (node: JSONContent | undefined): unknown =>
  node?.marks?.find(({ type }) => type === "link")?.attrs?.["href"];

/** HTML has two links where a part of one is bold, and the tree one. */
const content = fc.array(inline, { maxLength: 4 }).map((nodes) =>
  nodes.map((node, index) =>
    linkOf(node) && linkOf(node) === linkOf(nodes[index - 1]) ? { type: "hardBreak" } : node
  )
);

const paragraph: fc.Arbitrary<JSONContent> = content.map((nodes) => ({ type: "paragraph", content: nodes }));

const blocks = fc.letrec<{ block: JSONContent; items: JSONContent[] }>((tie) => ({
  items: fc.array(
    fc.tuple(paragraph, fc.array(tie("block"), { maxLength: 1 })).map(([first, rest]) => ({
      type: "listItem",
      content: [first, ...rest],
    })),
    { minLength: 1, maxLength: 3 },
  ),
  block: fc.oneof(
    { maxDepth: 4 },
    paragraph,
    content.map((nodes) => ({ type: "heading", attrs: { level: 2 }, content: nodes })),
    fc.tuple(fc.constantFrom(null, "js"), words).map(([language, code]) => ({
      type: "codeBlock",
      attrs: { language },
      content: [{ type: "text", text: `${code}\n  ${code}` }],
    })),
    fc.constant({ type: "horizontalRule" }),
    fc.constantFrom<JSONContent>(
      { type: "image", attrs: { src: "https://a.example/a.png", alt: "Bild [1]", title: null } },
      { type: "image", attrs: { src: "https://a.example/a.png", alt: null, title: null } },
    ),
    tie("items").map((items) => ({ type: "bulletList", content: items })),
    fc.tuple(tie("items"), fc.constantFrom(1, 5)).map(([items, start]) => ({
      type: "orderedList",
      attrs: { start },
      content: items,
    })),
    fc.array(tie("block"), { minLength: 1, maxLength: 2 }).map((nodes) => ({
      type: "blockquote",
      content: nodes,
    })),
  ),
})).block;

/** Whole documents. */
export const tiptapDocuments: fc.Arbitrary<JSONContent> = fc.array(blocks, { maxLength: 4 })
  .map((nodes) => ({ type: "doc", content: nodes }));
