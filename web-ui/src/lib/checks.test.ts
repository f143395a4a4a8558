import { expect, test } from "vitest";
import { tell } from "./checks";

const check = (name: string, verdict: string, code: string | null = null) => ({
  name,
  verdict,
  code,
  title: { zh: name, en: name },
  next_step: { zh: "", en: "" },
  unit: "",
});

test("failed, open by reason, and passed are told apart, and nothing is lost", () => {
  const told = tell([
    check("a", "fail"),
    check("b", "not_assessed", "not_measurable"),
    check("c", "not_assessed", "person_judges"),
    check("d", "not_assessed", "of_a_later_version"),
    check("e", "not_assessed"),
    check("f", "pass"),
  ]);
  expect(told.failed.map(({ name }) => name)).toEqual(["a"]);
  expect(told.open.map(({ reason, checks }) => [reason, checks.map(({ name }) => name)])).toEqual([
    ["person_judges", ["c"]],
    ["not_measurable", ["b"]],
    ["unknown", ["d", "e"]],
  ]);
  expect([told.openCount, told.passed.length, told.unfolded]).toEqual([4, 1, true]);
});

test("many open checks are folded", () => {
  expect(tell(Array.from({ length: 16 }, (_, at) => check(String(at), "not_assessed", "person_judges"))).unfolded).toBe(false);
  expect(tell([]).unfolded).toBe(true);
});
