import { expect, test } from "vitest";
import { measured, range, shortHash } from "./format";

test("ranges say which side is open", () => {
  expect(range({ min: 1, max: 2.5, unit: "mm" })).toBe("1 mm – 2.5 mm");
  expect(range({ min: 10, max: null, unit: "KB" })).toBe("≥ 10 KB");
  expect(range({ min: null, max: 8, unit: "deg" })).toBe("≤ 8°");
  expect(range({ min: 0.7, max: null, unit: "share" })).toBe("≥ 70 %");
  expect(range({ min: 358, max: 358, unit: "px" })).toBe("358 px");
  expect(range({ min: null, max: 1.5, unit: "times" })).toBe("≤ 1.5×");
  expect(range({ min: null, max: 8, unit: "delta_e" })).toBe("≤ ΔE 8");
  expect(range({ min: 0.36, max: null, unit: "ratio" })).toBe("≥ 0.36");
  expect(range({ min: null, max: null, unit: "" })).toBe("");
});

test("measured values are short", () => {
  const check = { name: "", title: { zh: "", en: "" }, verdict: "fail", unit: "mm", min: null, max: null, next_step: { zh: "", en: "" } };
  expect(measured({ ...check, measured: 3.14159 })).toBe("3.14 mm");
  expect(measured({ ...check, measured: null })).toBe("—");
  expect(shortHash("0123456789abcdef0123")).toBe("01234567…ef0123");
});
