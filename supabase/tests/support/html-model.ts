import { type DefaultTreeAdapterTypes, parseFragment } from "parse5";

// What a reader sees of HTML, by the tree that parse5 makes of it: the text, and the addresses of links, images and frames.
// White space, and the signs that Markdown writes around them, are left out of the comparison.

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;

const HIDDEN = new Set(["script", "style", "template", "noscript", "iframe", "noembed", "noframes"]);
const EMBEDS = new Set(["iframe", "embed", "object", "video", "audio", "source"]);

/** Text and addresses of HTML in their order, squeezed. */
export const visibleText = (html: string): string => squeeze(textOf(parseFragment(html).childNodes, false));

/** A text without white space and Markdown's signs. */
export const squeeze = (text: string): string => text.replace(/[\s\p{Z}\d[\]()!`<>|.\\-]/gu, "");

function textOf(nodes: Node[], isLabel: boolean): string {
  return nodes.map((node) => {
    if (node.nodeName === "#text") return (node as DefaultTreeAdapterTypes.TextNode).value;
    return "tagName" in node ? textOfElement(node, isLabel) : "";
  }).join("");
}

/** As the label of a link, which is compared with its address, an image is its address. */
function textOfElement(element: Element, isLabel: boolean): string {
  const attribute = (name: string) => element.attrs.find((each) => each.name === name)?.value;
  const { tagName } = element;
  if (tagName === "img") {
    const address = addressOf(attribute("src"));
    return isLabel && address ? address : (attribute("alt") ?? "") + address;
  }
  if (EMBEDS.has(tagName)) {
    const address = addressOf(attribute("src") ?? attribute("data"));
    return HIDDEN.has(tagName) ? address : address + textOf(element.childNodes, isLabel);
  }
  if (HIDDEN.has(tagName)) return "";
  const text = textOf(element.childNodes, isLabel);
  if (tagName === "pre" && text.trim() !== "") return languageOf(element) + text;
  if (tagName !== "a" || isLabel) return text;
  const address = addressOf(attribute("href"));
  const label = textOf(element.childNodes, true).replace(/[\s\u00a0]+/g, " ").trim();
  const isAddress = [label, `${label}/`, `mailto:${label}`, `tel:${label}`].includes(address);
  return isAddress ? text : text + address;
}

/** An absolute address, else nothing. */
function addressOf(value: string | undefined): string {
  const address = (value ?? "").replace(/[\t\n\r]/g, "").replace(/^[ \u00a0<>]+|[ \u00a0<>]+$/g, "");
  if (/^(javascript|vbscript|data|blob|about|cid):/i.test(address)) return "";
  return /^(\/\/|[a-z][a-z0-9+.-]*:)./i.test(address) ? address : "";
}

function languageOf(element: Element): string {
  const elements = [element];
  // a mark that was left open before goes on between the two
  for (let [node] = element.childNodes; node && "tagName" in node; [node] = node.childNodes) {
    elements.push(node);
  }
  const classes = elements.filter(({ tagName }) => ["pre", "code"].includes(tagName)).map(({ attrs }) =>
    attrs.find(({ name }) => name === "class")?.value ?? ""
  ).join(
    " ",
  );
  return classes.match(/(?:^|\s)lang(?:uage)?-([^\s`]+)/)?.[1] ?? "";
}
