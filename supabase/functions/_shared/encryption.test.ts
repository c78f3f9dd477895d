import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decryptSecret,
  encryptSecret,
  keyIdOf,
  type MasterKeys,
  parseMasterKeys,
  SecretError,
  type SecretErrorReason,
} from "./encryption.ts";

const OLD = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW = Buffer.alloc(32, 0xee).toString("base64");

const old = parseMasterKeys("X", `2026-a:${OLD}`);
const both = parseMasterKeys("X", `2026-b:${NEW},2026-a:${OLD}`);

const identity = {
  id: "6f1c8a52-0c55-4a0f-9d0e-3a6b1f0e7c11",
  kind: "github_token",
  ownerId: "b3d9f6d0-2d0e-4a6c-8b5f-0d6c3d4e5f60",
};

/** The format, implemented from its description with Node's own HKDF and GCM. */
function sealByHand(keyBase64: string, kid: string, iv: Buffer, plaintext: string): string {
  const cipher = createCipheriv("aes-256-gcm", rowKey(keyBase64), iv);
  cipher.setAAD(Buffer.from(`["v1","${kid}","${identity.id}","github_token","${identity.ownerId}"]`));
  const ct = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1.${kid}.${iv.toString("base64url")}.${ct.toString("base64url")}`;
}

const rowKey = (keyBase64: string): Buffer =>
  Buffer.from(
    hkdfSync("sha256", Buffer.from(keyBase64, "base64"), "", `fixloop/secret/v1/${identity.id}`, 32),
  );

async function reason(keys: MasterKeys, sealed: string, whose = identity): Promise<SecretErrorReason> {
  const error: unknown = await decryptSecret(keys, whose, sealed).then(
    (text) => expect.fail(`opened: ${text}`),
    (error: unknown) => error,
  );
  if (!(error instanceof SecretError)) throw error;
  return error.reason;
}

describe("the format", () => {
  test("is stable: a secret that was once encrypted can always be decrypted", async () => {
    const sealed = "v1.2026-a.AAECAwQFBgcICQoL.WqxZ79urxmEYOVvbEc8GUepAyjSQ2cCXjezU";
    expect(sealByHand(OLD, "2026-a", Buffer.from("000102030405060708090a0b", "hex"), "ghp_example"))
      .toBe(sealed);
    expect(await decryptSecret(old, identity, sealed)).toBe("ghp_example");
  });

  test("agrees with Node's own HKDF and GCM in both directions", async () => {
    expect(await decryptSecret(old, identity, sealByHand(OLD, "2026-a", randomBytes(12), "ghp_ä€😀")))
      .toBe("ghp_ä€😀");

    const [version, kid, iv = "", ct = ""] = (await encryptSecret(old, identity, "ghp_ours")).split(".");
    expect([version, kid]).toEqual(["v1", "2026-a"]);
    const bytes = Buffer.from(ct, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", rowKey(OLD), Buffer.from(iv, "base64url"));
    decipher.setAAD(Buffer.from(`["v1","2026-a","${identity.id}","github_token","${identity.ownerId}"]`));
    decipher.setAuthTag(bytes.subarray(-16));
    expect(decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8"))
      .toBe("ghp_ours");
  });

  test("takes any text, and never gives the same ciphertext twice", async () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 300 }).filter((one) =>
      one.isWellFormed()
    );
    await fc.assert(fc.asyncProperty(text, async (plaintext) => {
      const [one, two] = [
        await encryptSecret(both, identity, plaintext),
        await encryptSecret(both, identity, plaintext),
      ];
      expect(one).not.toBe(two);
      expect(await decryptSecret(both, identity, one)).toBe(plaintext);
    }));
  });

  test("has size limits", async () => {
    await expect(encryptSecret(old, identity, "")).rejects.toThrow(RangeError);
    await expect(encryptSecret(old, identity, "ä".repeat(4097))).rejects.toThrow(RangeError);
    const largest = "ä".repeat(4096);
    expect(await decryptSecret(old, identity, await encryptSecret(old, identity, largest))).toBe(largest);
  });
});

describe("a ciphertext can't be decrypted", () => {
  test.each([
    ["row", { ...identity, id: "6f1c8a52-0c55-4a0f-9d0e-3a6b1f0e7c12" }],
    ["kind", { ...identity, kind: "google_token" }],
    ["owner", { ...identity, ownerId: "b3d9f6d0-2d0e-4a6c-8b5f-0d6c3d4e5f61" }],
    ["split of kind and owner", { ...identity, kind: `github_token","${identity.ownerId}`, ownerId: "" }],
  ])("for another %s", async (_, other) => {
    expect(await reason(both, await encryptSecret(both, identity, "ghp_mine"), other)).toBe("not_authentic");
  });

  test("under another key id, even of the same key", async () => {
    const alias = parseMasterKeys("X", `2026-b:${OLD},2026-a:${OLD}`);
    const sealed = await encryptSecret(old, identity, "ghp_mine");
    expect(await reason(alias, sealed.replace("2026-a", "2026-b"))).toBe("not_authentic");
  });

  test("with any one bit flipped", async () => {
    const [version, kid, iv = "", ct = ""] = (await encryptSecret(old, identity, "ghp_x")).split(".");
    for (const [at, part] of [iv, ct].entries()) {
      const bytes = Buffer.from(part, "base64url");
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const parts = [iv, ct].with(at, flipped.toString("base64url"));
        expect(await reason(old, [version, kid, ...parts].join("."))).toBe("not_authentic");
      }
    }
  });

  test("when cut, lengthened or spelled differently", async () => {
    // 22 bytes with the tag: the last letter of their base64url has bits without a meaning
    const sealed = await encryptSecret(old, identity, "ghp_xy");
    for (let length = 0; length < sealed.length; length++) {
      expect(["malformed", "not_authentic"]).toContain(await reason(old, sealed.slice(0, length)));
    }
    const last = sealed.at(-1) ?? "";
    const other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const twin = other[other.indexOf(last) ^ 1] ?? "";
    expect(Buffer.from(`A${twin}`, "base64url")).toEqual(Buffer.from(`A${last}`, "base64url"));
    expect(await reason(old, sealed.slice(0, -1) + twin)).toBe("malformed");
    for (
      const text of [`${sealed}A`, `${sealed}=`, ` ${sealed}`, `${sealed}\n`, sealed.replace("v1", "v2")]
    ) {
      expect(["malformed", "not_authentic"], text).toContain(await reason(old, text));
    }
    expect(() => keyIdOf("ghp_plain")).toThrow(SecretError);
    expect(keyIdOf(sealed)).toBe("2026-a");
  });

  test("without its master key, which the error names", async () => {
    const sealed = await encryptSecret(both, identity, "ghp_secret");
    const error: unknown = await decryptSecret(old, identity, sealed).catch((error: unknown) => error);
    expect(error).toEqual(
      new SecretError(
        "key_unknown",
        "The secret is encrypted with master key 2026-b, which is not configured.",
      ),
    );
    expect(await reason(parseMasterKeys("X", `2026-b:${OLD}`), sealed)).toBe("not_authentic");
  });
});

test("the newest key encrypts, all of them decrypt", async () => {
  const before = await encryptSecret(old, identity, "ghp_before");
  expect(await decryptSecret(both, identity, before)).toBe("ghp_before");
  expect(keyIdOf(await encryptSecret(both, identity, "ghp_after"))).toBe("2026-b");
});

describe("parseMasterKeys", () => {
  test("parses a list, newest first, without spaces", () => {
    expect(parseMasterKeys("X", ` b: ${NEW} , a:${OLD},`).map((key) => key.id)).toEqual(["b", "a"]);
  });

  test.each([
    ["is not set", undefined],
    ["is not set", " , "],
    ["has a key id twice", `a:${OLD},a:${NEW}`],
    ["has a key without an id of 1 to 32 letters, digits, _ and - before a colon", OLD],
    ["has a key without an id of 1 to 32 letters, digits, _ and - before a colon", `:${OLD}`],
    ["has a key without an id of 1 to 32 letters, digits, _ and - before a colon", `a.b:${OLD}`],
    ["has a key that is not the base64 of 32 bytes", `a:${OLD.slice(0, -1)}`],
    ["has a key that is not the base64 of 32 bytes", `a:${Buffer.alloc(31).toString("base64")}`],
    ["has a key that is not the base64 of 32 bytes", `a:${Buffer.alloc(33).toString("base64")}`],
    ["has a key that is not the base64 of 32 bytes", `a:${Buffer.alloc(32).toString("hex")}`],
    ["has a key that is not the base64 of 32 bytes", "a:"],
  ])("rejects a list that %s, without repeating it", (message, value) => {
    expect(() => parseMasterKeys("X", value)).toThrow(new Error(`X ${message}`));
  });

  test("returns nothing that shows a key", () => {
    for (const shown of [inspect(both, { depth: 9, showHidden: true }), JSON.stringify(both), String(both)]) {
      expect(shown).not.toMatch(/238|238,|7u7u|eeee/);
    }
    expect(JSON.stringify(both)).toBe('[{"id":"2026-b"},{"id":"2026-a"}]');
  });
});
