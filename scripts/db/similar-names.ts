/** Up to five names that resemble one: that contain it, that it contains, or that differ by a few letters; closest first. */
export function similarNames(name: string, names: string[]): string[] {
  const ranked = [...new Set(names)].map((other) => ({ other, distance: rank(name, other) }));
  return ranked.filter(({ distance }) => distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, 5).map(({ other }) => other);
}

function rank(name: string, other: string): number {
  if (name.length > 2 && (other.includes(name) || name.includes(other))) return 1;
  return editDistance(name, other);
}

/** How many letters have to be inserted, deleted or replaced to make one text the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
