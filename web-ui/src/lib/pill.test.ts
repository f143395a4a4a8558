import { expect, test } from "vitest";
import { translate } from "./messages";
import { pillOf } from "./pill";

const idle = { online: true, network_off: false, to_send: 0, to_receive: 0, to_take_in: 0, to_fold: 0 };

function words(change: Partial<typeof idle>, answering = true, language: "zh" | "en" = "zh"): string {
  const pill = pillOf({ ...idle, ...change }, answering);
  return pill.words.map((words) => translate(language, words.key, words.params)).join(" · ");
}

test("the three states of the design, in its words", () => {
  expect(words({})).toBe("已同步");
  expect(words({ online: false, to_send: 23 })).toBe("离线工作中 · 23 条待发送");
  expect(words({}, false)).toBe("本机服务无响应");
  expect(words({ online: false, to_send: 4, network_off: true })).toBe("网络已手动断开 · 4 条待发送");
});

test("one open direction is not in sync", () => {
  expect(words({ to_receive: 5 })).toBe("同步中 · 待发送 0 · 待接收 5");
  expect(words({ to_send: 2 })).toContain("待发送 2");
  expect(words({ online: false })).not.toContain("已同步");
});

test("offline is calm, only a dead node is bad", () => {
  expect(pillOf({ ...idle, online: false, to_send: 9, to_receive: 9 }, true).tone).toBe("calm");
  expect(pillOf(null, true).tone).toBe("bad");
});

test("records that are here and in no list yet are said, and then the cases that they change", () => {
  expect(words({ to_take_in: 812_000, to_fold: 3 })).toBe("正在整理 812000 条记录");
  expect(words({ to_take_in: 812_000 }, true, "en")).toBe("Taking in 812000 records");
  expect(words({ to_fold: 270_000 })).toBe("正在更新 270000 个办理件");
  expect(words({ to_fold: 270_000 }, true, "en")).toBe("Bringing 270000 cases up to date");
  expect(pillOf({ ...idle, to_fold: 1 }, true).tone).toBe("busy");
});

test("taking in does not hide how the line stands", () => {
  expect(words({ to_receive: 5, to_take_in: 7 })).toBe("同步中 · 待发送 0 · 待接收 5 · 正在整理 7 条记录");
  expect(words({ online: false, to_take_in: 7 })).toBe("离线工作中 · 无待发送 · 正在整理 7 条记录");
  expect(pillOf({ ...idle, online: false, to_take_in: 7 }, true).tone).toBe("calm");
  expect(words({ to_take_in: 7 }, false)).toBe("本机服务无响应");
});
