/** A part of a query string that is not of PostgREST's grammar. */
export class SyntaxError extends Error {
  readonly details: string;

  constructor(what: string, position: number, details: string) {
    super(`"${what}" (line 1, column ${position})`);
    this.details = details;
  }
}

/** How deep parentheses may be within others: embedded tables, and logic trees. */
const DEEPEST = 32;

/** Reads a text from the left. Every `try…` method leaves the position where it was when nothing matches. */
export class Scanner {
  readonly #text: string;
  readonly #what: string;
  #at = 0;
  #depth = 0;

  /** @param what what could not be parsed, for the message of an error */
  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  tryString(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  /** @param pattern a sticky regular expression */
  tryMatch(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  expect(expected: string): void {
    if (!this.tryString(expected)) this.fail(JSON.stringify(expected));
  }

  expectEnd(): void {
    if (!this.isAtEnd) this.fail("end of input");
  }

  /** Blanks are allowed around some parts. */
  skipBlanks(): void {
    this.tryMatch(/[ \t]*/y);
  }

  /** Reads something that may turn out to be something else. */
  attempt<T>(read: () => T): T | undefined {
    const start = this.#at;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#at = start;
      return undefined;
    }
  }

  /** Reads what is within parentheses and may have others in it. */
  nest<T>(read: () => T): T {
    if (this.#depth === DEEPEST) this.fail(`at most ${DEEPEST} levels of parentheses`);
    this.#depth++;
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  isFollowedBy(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  fail(expecting: string): never {
    const next = this.isAtEnd ? "end of input" : JSON.stringify(this.#text[this.#at]);
    throw new SyntaxError(this.#what, this.#at + 1, `unexpected ${next} expecting ${expecting}`);
  }
}
