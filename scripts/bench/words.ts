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

export type Random = () => number;

/** A whole number from `low` to `high`, both possible. */
export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

const SYLLABLES = (
  "ba be bi bo bu da de di do du fa fe fi fo ga ge go ka ke ki ko ku la le li lo lu ma me mi mo mu na ne " +
  "ni no pa pe pi po ra re ri ro ru sa se si so ta te ti to tu va ve vi vo za zo"
).split(" ");

/** How many different words a community uses. */
const VOCABULARY_SIZE = 20_000;

/** The word of a rank, 1 being the commonest: each its own, made of syllables, the common ones short. */
export function wordOf(rank: number): string {
  let rest = rank + SYLLABLES.length;
  let word = "";
  for (; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    word = `${SYLLABLES[rest % SYLLABLES.length]}${word}`;
  }
  return `${word}x`;
}

/** A rank by Zipf's law: the second word is half as common as the first, the hundredth a hundredth. */
const zipf = (random: Random): number => Math.floor(VOCABULARY_SIZE ** random());

const PHRASE_COUNT = 60_000;

/** Writes texts of so many words. Made of phrases of two to five words, so that millions of texts take seconds. */
export function createWriter(random: Random): (words: number) => string {
  const phrases: { text: string; words: number }[] = Array.from({ length: PHRASE_COUNT }, () => {
    const words = between(random, 2, 5);
    return { text: Array.from({ length: words }, () => wordOf(zipf(random))).join(" "), words };
  });
  return (words) => {
    let text = "";
    for (let written = 0; written < words;) {
      const phrase = phrases[Math.floor(random() * PHRASE_COUNT)];
      if (!phrase) break;
      text = text === "" ? phrase.text : `${text} ${phrase.text}`;
      written += phrase.words;
    }
    return text;
  };
}
