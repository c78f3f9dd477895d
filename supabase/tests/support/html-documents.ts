import fc from "fast-check";

// HTML as editors, mail programs and people write it, well formed and not.

const TEXTS = [
  "alpha",
  "Größe",
  "你好",
  "שלום",
  "😀",
  "Fix",
  " ",
  "\n",
  "\t ",
  "two words",
  "C++",
  "a_b*c",
  "&eacute;",
  "&rsquo;",
  "&#8217;",
  "&#x1F600;",
  "&copy",
  "&eacutet",
  "&notit;",
  "&ampx",
  "&unknown;",
  "&",
  "& ",
  "&#0;",
  "&#x80;",
  "&#xD800;",
  "&#;",
  "&lt;b&gt;",
  "&amp;amp;",
  "&nbsp;",
  "&NotEqualTilde;",
  "&zwj;",
  "a < b",
  "x<3",
  "<=",
  "< ",
  ">",
  '"',
  "'",
  "`",
  "``",
] as const;

const ADDRESSES = [
  "https://a.example/x",
  "https://a.example/?x=1&amp;y=2",
  "https://a.example/?a=1&copy=2",
  "//cdn.example/f",
  "mailto:ana@example.org",
  "https://a.example/f_(x)",
  "https://a.example/(",
  " https://a.example/s p ",
  "/relative",
  "#top",
  "javascript:alert(1)",
  "data:image/png;base64,AAAA",
  "",
  "HTTPS://A.example/ü",
] as const;

const BLOCKS = ["p", "div", "h2", "section", "blockquote"] as const;
const MARKS = ["b", "em", "span", "u", "s", "my-tag", "code", "kbd", "font"] as const;
/** May be left open or closed without being open, without any change of the text. */
const LOOSE = ["p", "div", "li", "b", "em", "span", "section", "u"] as const;

const text = fc.array(fc.constantFrom(...TEXTS), { minLength: 1, maxLength: 4 }).map((parts) =>
  parts.join("")
);

const noise = fc.constantFrom(
  "",
  "",
  "",
  ' title="a>b"',
  " title='\"<b>\"'",
  " class=plain",
  " hidden",
  ' data-x="it\'s"',
  ' x=""y="z"',
  "\n  id = 'n' ",
  " style='a:b' /",
  ' a"b',
  " x=it's",
);

const quoted = (value: string): fc.Arbitrary<string> =>
  fc.constantFrom(`"${value}"`, `'${value}'`, ...(/^[^\s>"'`=]+$/.test(value) ? [value] : []));

const attribute = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(...ADDRESSES).chain(quoted).map((value) => ` ${name}=${value}`);

const cased = (tag: string): fc.Arbitrary<string> => fc.constantFrom(tag, tag, tag.toUpperCase());

const element = (tag: fc.Arbitrary<string>, content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(tag, noise, content, fc.nat({ max: 9 })).chain(([name, attributes, inner, dice]) =>
    cased(name).map((written) => {
      const isOpen = dice === 0 && (LOOSE as readonly string[]).includes(name);
      return `<${written}${attributes}>${inner}${isOpen ? "" : `</${written}>`}`;
    })
  );

const image = fc.tuple(
  attribute("src"),
  fc.constantFrom("", ' alt="Bild"', " alt='a &lt;b>'", " alt=[x"),
  noise,
)
  .map((parts) => `<img${parts.join("")}>`);

const hidden = fc.constantFrom(
  "<!-- a > b <p> -->",
  "<!---->",
  "<!-->",
  "<!--->",
  "<!-- a --!>",
  "<?xml version='1.0'?>",
  "<!doctype html>",
  "<style>p > a { b: c }</style>",
  '<script>if (a<b) "</p>"; /* </style> <!-- */</script>',
  "<template><p>no</p></template>",
  "<noscript>no</noscript>",
);

const inline = fc.letrec<{ inline: string; marked: string; label: string }>((tie) => {
  const leaf = fc.oneof(
    { weight: 4, arbitrary: text },
    image,
    hidden,
    fc.constantFrom("<br>", "<br/>", "<wbr>"),
  );
  const several = (each: fc.Arbitrary<string>) =>
    fc.array(each, { maxLength: 3 }).map((parts) => parts.join(""));
  return {
    // no link inside of a link, and nothing that may stay open
    label: several(
      fc.oneof({ weight: 4, arbitrary: text }, image, element(fc.constantFrom("i", "code"), text)),
    ),
    marked: element(fc.constantFrom(...MARKS), several(tie("inline"))),
    inline: fc.oneof(
      { maxDepth: 4 },
      leaf,
      tie("marked"),
      fc.tuple(attribute("href"), noise, tie("label")).map(([href, more, label]) =>
        `<a${more}${href}>${label}</a>`
      ),
      fc.constantFrom(...ADDRESSES).map((address) => `<a href="${address}">${address}</a>`),
    ),
  };
}).inline;

const inlines = fc.array(inline, { maxLength: 4 }).map((parts) => parts.join(""));

const block = fc.letrec<{ block: string; blocks: string }>((tie) => ({
  blocks: fc.array(tie("block"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
  block: fc.oneof(
    { maxDepth: 4 },
    element(fc.constantFrom(...BLOCKS), inlines),
    inlines,
    fc.constantFrom(...LOOSE, "br", "blockquote", "ul").map((tag) => `</${tag}>`),
    fc.constant("<hr>"),
    element(fc.constantFrom("div", "blockquote", "section"), tie("blocks")),
    fc.tuple(
      fc.constantFrom("ul", "ol", "ol start=7"),
      fc.array(fc.oneof(inlines, tie("blocks")), { maxLength: 3 }),
    ).map(
      ([list, items]) =>
        `<${list}>${items.map((item) => `<li>${item}</li>`).join("\n")}</${list.slice(0, 2)}>`,
    ),
    fc.array(fc.array(inlines, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }).map((rows) =>
      `<table>${
        rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")
      }</table>`
    ),
    fc.tuple(fc.constantFrom("", ' class="language-js"', ' class="hljs lang-sql"'), text).map(
      ([language, code]) => `<pre><code${language}>\n${code}\n</code></pre>`,
    ),
    attribute("src").map((src) => `<iframe${src}><p>no</p></iframe>`),
  ),
}));

/** Documents of some size, any markup that a reader can meet in one. */
export const htmlDocuments: fc.Arbitrary<string> = block.blocks;
