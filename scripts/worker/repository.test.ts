import { describe, expect, test } from "vitest";
import { TaskFailure } from "./failure.ts";
import { checkRepository, githubOrigin, namesOnGithub } from "./repository.ts";

const rules = { protocols: ["https"], hosts: ["github.com"] };

describe("the url of a task's repository", () => {
  test.each(["https://github.com/acme/shop", " https://github.com/acme/shop.git ", "https://GitHub.com/a/b"])(
    "%s is taken",
    (text) => {
      expect(checkRepository(text, rules).host).toBe("github.com");
    },
  );

  test.each([
    [null, "no_repository"],
    ["  ", "no_repository"],
    ["acme/shop", "repository_refused"],
    ["--upload-pack=touch x", "repository_refused"],
    ["--upload-pack=x", "repository_refused"],
    ["ext::sh -c touch% x", "repository_refused"],
    ["ext::sh", "repository_refused"],
    ["ftp://github.com/acme/shop", "repository_refused"],
    ["/etc", "repository_refused"],
    ["https://github.com@evil.example/acme/shop", "repository_refused"],
    ["https://maya:ghp_secret@github.com/acme/shop", "repository_refused"],
    ["https://github.com/acme/shop?a=b", "repository_refused"],
    ["https://github.com/acme/shop\n--config=x", "repository_refused"],
    ["https://maya:ghp_secret@evil.example/acme/shop", "repository_refused"],
  ])("%j is refused for good", (text, kind) => {
    const refused = (): unknown => checkRepository(text, rules);
    expect(refused).toThrow(TaskFailure);
    expect(refused).toThrow(expect.objectContaining({ kind, again: "no" }));
  });

  test.each([
    "file:///etc",
    "http://github.com/acme/shop",
    "ssh://git@github.com/acme/shop",
    "git@github.com:acme/shop.git",
    "https://169.254.169.254/latest",
    "https://github.com:8443/acme/shop",
    "https://github.com.evil.example/acme/shop",
  ])("%j is left to a worker with other settings", (text) => {
    expect(() => checkRepository(text, rules)).toThrow(
      expect.objectContaining({ kind: "repository_refused", again: "later", isUnsure: true }),
    );
  });

  test("other protocols and hosts where the worker's options allow them", () => {
    const open = { protocols: ["https", "ssh", "file"], hosts: ["github.com", "git.acme.example:8443"] };
    expect(checkRepository("git@github.com:acme/shop.git", open).href).toBe(
      "ssh://git@github.com/acme/shop.git",
    );
    expect(checkRepository("https://git.acme.example:8443/shop", open).host).toBe("git.acme.example:8443");
    expect(checkRepository("file:///srv/shop.git", open).pathname).toBe("/srv/shop.git");
  });
});

test("GitHub's web host, by the address of its API", () => {
  expect(githubOrigin("https://api.github.com").origin).toBe("https://github.com");
  expect(githubOrigin("https://ghe.acme.example/api/v3").origin).toBe("https://ghe.acme.example");
});

test.each([
  ["https://github.com/acme/shop.git", "https://api.github.com", ["acme", "shop"]],
  ["https://github.com/acme/sh.op/", "https://api.github.com", ["acme", "sh.op"]],
  ["ssh://git@github.com/acme/shop", "https://api.github.com", ["acme", "shop"]],
  ["https://ghe.example.org/acme/shop.git", "https://ghe.example.org/api/v3", ["acme", "shop"]],
  ["https://git.example.org/acme/shop.git", "https://api.github.com", null],
  ["https://github.com/acme/shop/tree/main", "https://api.github.com", null],
])("%s, with the API at %s, is %j on GitHub", (url, apiUrl, names) => {
  expect(namesOnGithub(new URL(url), apiUrl)).toEqual(names);
});
