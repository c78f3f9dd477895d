import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../local/paths.ts";
import type { Weights } from "./fit.ts";
import { DATA, trainingFiles } from "./texts.ts";

const TRIAGE = join(ROOT, "supabase/schemas/20_tracker/20_triage");

/** The schema file with the weights. */
export const WEIGHTS_FILE = join(TRIAGE, "18_default_triage_weights.sql");

const literal = (feature: string): string => `'${feature.replaceAll("'", "''")}'`;

/** A digest of what the weights are made from: the texts, the lexicon, and the functions that find features. */
export function digestOfSources(): string {
  const hash = createHash("sha256");
  const files = [
    ...trainingFiles(),
    join(DATA, "lexicon.txt"),
    join(TRIAGE, "12_triage_text.sql"),
    join(TRIAGE, "14_triage_features.sql"),
    join(import.meta.dirname, "fit.ts"),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** How many held-out texts had a likelihood in each fiftieth, and how many of them are issues. */
export interface LikelihoodBin {
  issues: number;
  texts: number;
}

/** The weights as an SQL file, sorted by feature, so that a new training is reviewed as a diff. */
export function weightsFile(weights: Weights, bins: readonly LikelihoodBin[]): string {
  const rows = [...weights]
    .map(([feature, of]) => ({ feature, of: of.map((weight) => Number(weight.toFixed(2))) }))
    .filter(({ of }) => of.some((weight) => weight !== 0))
    .sort((a, b) => (Buffer.compare(Buffer.from(a.feature), Buffer.from(b.feature))));
  const lines = rows.map(({ feature, of }) =>
    `  (${[literal(feature), ...of.map((weight) => weight || 0)].join(", ")})`
  );
  return `-- The weights of a new installation, by \`npm run triage:train\`. Don't edit: train again.
-- Trained from sources with the digest ${digestOfSources()}.

insert into public.triage_weights (feature, issue, auth, code, tool, misc) values
${lines.join(",\n")};
update public.triage_weights set shipped = array[issue, auth, code, tool, misc];

insert into private.triage_bins (bin, issues, texts) values
${bins.map(({ issues, texts }, bin) => `  (${bin}, ${issues}, ${texts})`).join(",\n")};
`;
}
