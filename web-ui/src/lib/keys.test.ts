import { describe, expect, test } from "vitest";
import { BINDINGS, bindingFor, bindingsOf, keyCap, type Pressed, type Screen } from "./keys";

function press(key: string, more: Partial<Pressed> = {}): Pressed {
  return { key, isComposing: false, ctrlKey: false, metaKey: false, altKey: false, target: document.body, ...more };
}

describe("keys", () => {
  test("no key means two things on one screen", () => {
    const screens = new Set<Screen>(BINDINGS.map((binding) => binding.screen));
    for (const screen of screens) {
      const keys = bindingsOf([screen]).map((binding) => binding.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test("every listed key works, also with caps lock", () => {
    for (const binding of BINDINGS) {
      const key = binding.key === "digit" ? "5" : binding.key;
      expect(bindingFor(press(key), binding.screen)?.action).toBe(binding.action);
      if (key.length === 1) expect(bindingFor(press(key.toUpperCase()), binding.screen)?.action).toBe(binding.action);
    }
  });

  test("typing, composing and browser shortcuts are left alone", () => {
    const input = document.createElement("input");
    const textarea = document.createElement("textarea");
    expect(bindingFor(press("a", { target: input }), "review")).toBeNull();
    expect(bindingFor(press("a", { target: textarea }), "review")).toBeNull();
    expect(bindingFor(press("a", { isComposing: true }), "review")).toBeNull();
    expect(bindingFor(press("a", { ctrlKey: true }), "review")).toBeNull();
  });

  test("Space on a focused button presses that button only", () => {
    const button = document.createElement("button");
    expect(bindingFor(press(" ", { target: button }), "camera")).toBeNull();
    expect(bindingFor(press("u", { target: button }), "camera")?.action).toBe("upload");
  });

  test("caps are readable", () => {
    expect(keyCap(" ")).toBe("Space");
    expect(keyCap("a")).toBe("A");
    expect(keyCap("digit")).toBe("1…9");
  });
});
