import { expect, test } from "vitest";
import type { components } from "../api/types";
import { dateTime } from "./format";
import { size, transitWords } from "./transit";

type PartView = components["schemas"]["PartView"];

const PART: PartView = {
  part: "photo",
  state: "fetching",
  have_bytes: 1_200_000,
  total_bytes: 3_000_000,
  percent: 40,
  bytes_per_s: 250_000,
  office: "44030001",
  office_name: "福田",
  office_connected: true,
  office_last_seen_ms: Date.UTC(2026, 10, 22, 1, 5),
  from_name: "福田",
};

test("a photo that comes says from where, how much and how fast", () => {
  expect(transitWords(PART, "zh")).toBe("照片还在福田，正在从福田获取。已收到 40 %（1.2 MB / 3.0 MB），每秒 250 kB。");
  expect(transitWords({ ...PART, from_name: "省中心", bytes_per_s: null }, "zh")).toBe(
    "照片还在福田，正在从省中心获取。已收到 40 %（1.2 MB / 3.0 MB）。",
  );
  expect(transitWords(PART, "en")).toBe("The photo is still at 福田 and comes from 福田. 40 % is here (1.2 MB of 3.0 MB), 250 kB a second.");
});

test("an office that is away is named with the time at which it was last seen", () => {
  const away: PartView = { ...PART, part: "original", state: "office_away", office_connected: false, bytes_per_s: null, from_name: null };
  const time = dateTime(PART.office_last_seen_ms ?? 0, "zh");
  expect(transitWords(away, "zh")).toBe(`原图还在福田，该办理点离线，恢复连接后会自动获取。最后在线 ${time}。已收到 40 %（1.2 MB / 3.0 MB）。`);
  const never: PartView = { ...away, office_last_seen_ms: null, percent: null, total_bytes: null };
  expect(transitWords(never, "zh")).toBe("原图还在福田，该办理点离线，恢复连接后会自动获取。本机启动后尚未见其在线。");
});

test("every state says something else, and one that is here says nothing", () => {
  const states: PartView["state"][] = ["erased", "not_needed", "fetching", "queued", "office_away", "not_allowed", "later"];
  for (const language of ["zh", "en"] as const) {
    const words = states.map((state) => transitWords({ ...PART, state }, language));
    expect(new Set(words).size).toBe(states.length);
    expect(words.join()).not.toContain("{");
    expect(transitWords({ ...PART, state: "here" }, language)).toBe("");
  }
});

test("sizes are short", () => {
  expect([999, 1_000, 48_500, 999_400, 12_345_678].map(size)).toEqual(["999 B", "1 kB", "49 kB", "999 kB", "12.3 MB"]);
});
