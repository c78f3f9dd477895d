/** Numbers that look random and are the same in every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TALK = ("the page keeps loading after update when i click export nothing happens and it shows an error about my " +
  "workspace anyone else seeing this since yesterday tried again with another browser same result can you help please " +
  "login works but project list is empty our team needs this today it says timeout while saving changes")
  .split(" ");

/** What a member of a community writes: 100 to 400 characters. */
export function writeMessage(random: () => number): string {
  const length = 100 + Math.floor(random() * 250);
  let text = "";
  while (text.length < length) text += `${text ? " " : ""}${TALK[Math.floor(random() * TALK.length)]}`;
  return `${text}.`;
}
