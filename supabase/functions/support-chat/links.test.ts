import { expect, test } from "vitest";
import { stripLinks } from "./links.ts";

const SOURCE = "https://help.example.com/reset?lang=en#mail";

test.each([
  ["See https://evil.example/a?b=c now.", "See now."],
  [`Open ${SOURCE}.`, `Open ${SOURCE}.`],
  [`Open ${SOURCE}/other`, "Open"],
  ["[Reset](https://evil.example) it", "Reset it"],
  [`[Reset](${SOURCE}) it`, `Reset ${SOURCE} it`],
  ["![pixel](https://evil.example/p.png?secret=1)", "pixel"],
  ['<a href="https://evil.example">here</a><img src=x onerror=alert(1)>', "here"],
  ["<script>alert(1)</script>", "alert(1)"],
  ["javascript:alert(1) data:text/html,x mailto:a@b.example", ""],
  ["go to www.evil.example/login", "go to"],
  ["go to evil.com/login or pay-pal.xyz.", "go to or ."],
  ["go to evil.cloud/login, evil.zip, EVIL.FR or злой.рф", "go to , or"],
  ["go to evil.xn--p1ai/x", "go to"],
  ["ht\u200btps://evil.example", ""],
  ["HTTPS://EVIL.EXAMPLE", ""],
  [
    "Edit config.toml and src/app.ts, version 2.14.1, e.g. now",
    "Edit config.toml and src/app.ts, version 2.14.1, e.g. now",
  ],
  ["\u202egnp.exe\u202c ok", "gnp.exe ok"],
  ["first line \nsecond", "first line\nsecond"],
  ["\u00000\u0000", "0"],
])("%s", (text, expected) => {
  expect(stripLinks(text, [SOURCE])).toBe(expected);
});

test("a long text takes time in proportion to its length", () => {
  const time = (size: number): number => {
    const texts = ["[".repeat(size), "<a ".repeat(size), "a.".repeat(size), "www.".repeat(size)];
    const started = performance.now();
    for (const text of texts) stripLinks(text, []);
    return performance.now() - started;
  };
  time(1_000);
  expect(time(8_000)).toBeLessThan(1_000);
});
