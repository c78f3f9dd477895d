import type { Bin } from "./metrics.ts";

const SIZE = 320;
const LEFT = 56;
const TOP = 20;

const at = (share: number): number => Math.round(share * SIZE * 10) / 10;

/** A reliability plot: for each tenth of the likelihoods how often the texts were issues; dots are larger for more texts. */
export function plotReliability(bins: readonly Bin[]): string {
  const most = Math.max(...bins.map(({ count }) => count));
  const dots = bins.map(({ predicted, observed, count }) =>
    `  <circle class="dot" cx="${LEFT + at(predicted)}" cy="${TOP + SIZE - at(observed)}" r="${
      (3 + 7 * Math.sqrt(count / most)).toFixed(1)
    }"><title>${count} texts: predicted ${predicted.toFixed(2)}, issues ${
      observed.toFixed(2)
    }</title></circle>`
  );
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
    `  <text class="soft" x="${LEFT + at(share)}" y="${
      TOP + SIZE + 20
    }" text-anchor="middle">${share}</text>`,
    `  <text class="soft" x="${LEFT - 8}" y="${
      TOP + SIZE - at(share) + 4
    }" text-anchor="end">${share}</text>`,
    `  <path class="line" d="M${LEFT} ${TOP + SIZE - at(share)}h${SIZE}"/>`,
  ]);
  const said = bins.map(({ predicted, observed, count }) =>
    `${count} texts at ${predicted.toFixed(2)}: ${observed.toFixed(2)}`
  ).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + SIZE + 20} ${
    TOP + SIZE + 52
  }" role="img"
  aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="13">
  <title id="t">How often a text is an issue, by its likelihood</title>
  <desc id="d">${said}</desc>
  <style>
    .back { fill: #ffffff } .soft { fill: #475569 } .line { stroke: #e2e8f0 } .ideal { stroke: #94a3b8 }
    .dot { fill: #2563eb; fill-opacity: .8 }
    @media (prefers-color-scheme: dark) {
      .back { fill: #0f172a } .soft { fill: #94a3b8 } .line { stroke: #334155 } .dot { fill: #60a5fa }
    }
  </style>
  <rect class="back" width="100%" height="100%"/>
${ticks.join("\n")}
  <path class="ideal" d="M${LEFT} ${TOP + SIZE}l${SIZE} ${-SIZE}" stroke-dasharray="4 4"/>
${dots.join("\n")}
  <text class="soft" x="${LEFT + SIZE / 2}" y="${TOP + SIZE + 42}" text-anchor="middle">likelihood</text>
  <text class="soft" transform="translate(16 ${
    TOP + SIZE / 2
  }) rotate(-90)" text-anchor="middle">issues among the texts</text>
</svg>
`;
}
