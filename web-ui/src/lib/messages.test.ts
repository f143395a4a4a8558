import { expect, test } from "vitest";
import { en } from "./en";
import { translate, type MessageKey } from "./messages";
import { zh } from "./zh";

const keys = Object.keys(zh) as MessageKey[];
const slots = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
const sources = import.meta.glob<string>(["../**/*.svelte", "../**/*.ts", "!./zh.ts", "!./en.ts"], { query: "?raw", import: "default", eager: true });

test("both languages have the same keys, none empty, with the same slots", () => {
  expect(Object.keys(en).sort()).toEqual([...keys].sort());
  for (const key of keys) {
    expect(zh[key].trim(), key).not.toBe("");
    expect(en[key].trim(), key).not.toBe("");
    expect(slots(en[key]), key).toEqual(slots(zh[key]));
  }
});

test("English is English", () => {
  for (const key of keys) {
    if (key !== "other_language") expect(en[key], key).not.toMatch(/[\u4e00-\u9fff]/);
  }
});

test("every text is used, so that no dead words are translated", () => {
  const code = Object.values(sources).join("\n");
  const families = ["role", "status", "id", "mark", "mark_fault", "stage", "confidence", "number", "open", "plate", "paper", "side", "state", "settle", "part", "revoke", "seen"];
  for (const key of keys) {
    const inFamily = families.some((family) => key.startsWith(`${family}_`) && code.includes(`\`${family}_$`));
    expect(inFamily || code.includes(`"${key}"`), key).toBe(true);
  }
});

test("slots are filled and unknown ones stay visible", () => {
  expect(translate("zh", "checks_passed", { count: 11 })).toBe("11 项合格");
  expect(translate("en", "checks_passed")).toBe("{count} passed");
});
