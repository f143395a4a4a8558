import { expect, test } from "vitest";
import { landing, parsePath, RAIL, railFor } from "./routes";

test("every entry of the rail leads to a page", () => {
  for (const entry of RAIL) expect(parsePath(entry.path).name).not.toBe("lost");
});

test("addresses", () => {
  expect(parsePath("/")).toEqual({ name: "home", id: null });
  expect(parsePath("/cases/abc/")).toEqual({ name: "case", id: "abc" });
  expect(parsePath("/specs/cn-id-card/edit")).toEqual({ name: "spec_edit", id: "cn-id-card" });
  expect(parsePath("/capture/00ff")).toEqual({ name: "capture", id: "00ff" });
  expect(parsePath("/nowhere").name).toBe("lost");
  expect(parsePath("/offices/1").name).toBe("lost");
  expect(parsePath("/cases/%E0%A4").id).toBe("%E0%A4");
});

test("the role decides where the day begins and what is on the rail", () => {
  expect(landing(["counter"])).toBe("/capture");
  expect(landing(["reviewer"])).toBe("/review");
  expect(landing(["admin"])).toBe("/specs");
  expect(landing(["auditor"])).toBe("/verify");
  expect(railFor(["auditor"]).map((entry) => entry.path)).not.toContain("/capture");
  for (const role of ["counter", "reviewer", "admin", "auditor"] as const) {
    expect(railFor([role]).map((entry) => entry.path)).toContain(landing([role]));
  }
});
