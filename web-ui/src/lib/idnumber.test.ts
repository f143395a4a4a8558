import { afterEach, describe, expect, test, vi } from "vitest";
import table from "./idnumber.cases.json";
import { checkCharacter, idNumberFault, maskIdNumber, normalizeIdNumber } from "./idnumber";

describe("resident identity number", () => {
  test.each(table)("the page and the node say the same of $typed", ({ typed, kept, fault }) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 21) });
    const number = normalizeIdNumber(typed);
    expect(idNumberFault(number)).toBe(fault);
    expect(fault === null ? number : null).toBe(kept);
  });

  test("the example of the standard holds", () => {
    expect(idNumberFault("11010519491231002X")).toBeNull();
    expect(idNumberFault("440524188001010014")).toBe("date");
  });

  test("every single wrong digit is found", () => {
    const good = "11010519491231002X";
    for (let at = 0; at < 17; at++) {
      for (let digit = 0; digit < 10; digit++) {
        const wrong = good.slice(0, at) + String(digit) + good.slice(at + 1);
        if (wrong !== good) expect(idNumberFault(wrong)).not.toBeNull();
      }
    }
  });

  test("each fault has its own name", () => {
    expect(idNumberFault("110105")).toBe("length");
    expect(idNumberFault("1101051949123100XX")).toBe("characters");
    expect(idNumberFault("110105194902300021")).toBe("date");
    expect(idNumberFault("110105299001010027")).toBe("date");
    expect(idNumberFault("110105194912310021")).toBe("check");
  });

  afterEach(() => vi.useRealTimers());

  test("mend 56: a clock at 1970 makes no birthday wrong, and one of today does", () => {
    vi.useFakeTimers({ now: 0 });
    expect(idNumberFault("440301201001010012")).toBeNull();
    vi.setSystemTime(Date.UTC(2026, 11, 1));
    expect(idNumberFault("110105209912310020")).toBe("date");
  });

  test("29 February exists in leap years only", () => {
    const leap = "44030120000229001";
    expect(idNumberFault(leap + checkCharacter(leap))).toBeNull();
    const common = "44030120010229001";
    expect(idNumberFault(common + checkCharacter(common))).toBe("date");
  });

  test("input as people type it", () => {
    expect(normalizeIdNumber(" 110105 19491231 002x ")).toBe("11010519491231002X");
    expect(normalizeIdNumber("１１０１０５19491231002Ｘ")).toBe("11010519491231002X");
    expect(maskIdNumber("11010519491231002X")).toBe("110105********002X");
  });
});
