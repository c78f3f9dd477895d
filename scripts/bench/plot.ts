import { threeDigits } from "./report.ts";
import type { Result } from "./rounds.ts";

const WIDTH = 960;
const ROW = 34;
const LEFT = 400;
const RIGHT = 120;
const TOP = 64;
const BOTTOM = 40;

/** Text that XML takes. */
const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

interface Row {
  label: string;
  against: string;
  said: string;
  isMet: boolean;
  /** Our ratio divided by the floor; null where ours was given up, which gives no ratio. */
  share: number | null;
}

const describe = ({ comparison, contenders, verdicts }: Result): Row[] =>
  verdicts.map(({ against, reached, ratio, isCutOff, isMet }) => {
    const isGivenUp = contenders[0]?.isCutOff === true;
    const ratios = `${isCutOff ? "> " : ""}${threeDigits(reached)}× of ${threeDigits(ratio)}×`;
    return {
      label: comparison.title,
      against: `against ${against}`,
      said: isGivenUp ? "not within the time limit" : ratios,
      isMet,
      share: isGivenUp ? null : reached / ratio,
    };
  });

/** docs/benchmarks.svg: how far each ratio is from its floor, on a logarithmic scale with the floor at one line. */
export function plotReport(results: readonly Result[]): string {
  const rows = results.flatMap(describe);
  const shares = rows.flatMap(({ share }) => share ?? []);
  const low = Math.min(-1, ...shares.map((share) => Math.floor(Math.log10(share))));
  const high = Math.max(1, ...shares.map((share) => Math.ceil(Math.log10(share))));
  const x = (share: number): number =>
    Math.round(LEFT + ((Math.log10(share) - low) / (high - low)) * (WIDTH - LEFT - RIGHT));
  const height = TOP + rows.length * ROW + BOTTOM;
  const ticks = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t d"
  font-family="system-ui, sans-serif" font-size="13">
  <title id="t">Benchmarks against their floors</title>
  <desc id="d">${
    escape(rows.map(({ label, against, said }) => `${label}, ${against}: ${said}`).join("; "))
  }</desc>
  <style>
    .back { fill: #ffffff; stroke: #e2e8f0 } .text { fill: #0f172a } .soft { fill: #475569 }
    .line { stroke: #cbd5e1 } .floor { stroke: #0f172a } .met { fill: #16a34a } .missed { fill: #dc2626 }
    @media (prefers-color-scheme: dark) {
      .back { fill: #0f172a; stroke: #334155 } .text { fill: #f1f5f9 } .soft { fill: #94a3b8 }
      .line { stroke: #334155 } .floor { stroke: #f1f5f9 } .met { fill: #4ade80 } .missed { fill: #f87171 }
    }
  </style>
  <rect class="back" x="1" y="1" width="${WIDTH - 2}" height="${height - 2}" rx="14" />
  <text class="text" x="24" y="34" font-size="15" font-weight="600">Our speed, in floors</text>
  <g class="line">
    ${
    ticks.map((tick) =>
      `<path${tick === 1 ? ' class="floor"' : ""} d="M${x(tick)} ${TOP - 8}V${height - BOTTOM + 4}" />`
    ).join("\n    ")
  }
  </g>
  <g class="soft" font-size="12" text-anchor="middle">
    ${
    ticks.map((tick) =>
      `<text x="${x(tick)}" y="${height - BOTTOM + 22}">${
        tick === 1 ? "floor" : `${tick.toLocaleString("en-US")}×`
      }</text>`
    ).join("\n    ")
  }
  </g>
${rows.map((row, at) => drawRow(row, TOP + at * ROW, x)).join("\n")}
</svg>
`;
}

function drawRow(
  { label, against, said, isMet, share }: Row,
  y: number,
  x: (share: number) => number,
): string {
  const [from, to] = [x(1), x(share ?? 1)];
  const width = Math.max(2, Math.abs(to - from));
  const bar =
    `<rect class="${isMet ? "met" : "missed"}" x="${Math.min(from, to)}" y="${y + 6}" width="${width}" ` +
    'height="14" rx="2" />';
  return `  <g>
    <text class="text" x="24" y="${y + 13}">${escape(label)}</text>
    <text class="soft" x="24" y="${y + 27}" font-size="11">${escape(against)}</text>
    ${share === null ? "" : bar}
    <text class="soft" x="${Math.max(from, to) + 6}" y="${y + 18}" font-size="11">${escape(said)}</text>
  </g>`;
}
