import { expect, test } from "vitest";
import { translate } from "./messages";
import { pillOf } from "./pill";

function words(online: boolean, send: number, receive: number, answering = true, network_off = false): string {
  const pill = pillOf({ online, network_off, to_send: send, to_receive: receive }, answering);
  return translate("zh", pill.key, pill.params);
}

test("the three states of the design, in its words", () => {
  expect(words(true, 0, 0)).toBe("已同步");
  expect(words(false, 23, 0)).toBe("离线工作中 · 23 条待发送");
  expect(words(true, 0, 0, false)).toBe("本机服务无响应");
  expect(words(false, 4, 0, true, true)).toBe("网络已手动断开 · 4 条待发送");
});

test("one open direction is not in sync", () => {
  expect(words(true, 0, 5)).toBe("同步中 · 待发送 0 · 待接收 5");
  expect(words(true, 2, 0)).toContain("待发送 2");
  expect(words(false, 0, 0)).not.toContain("已同步");
});

test("offline is calm, only a dead node is bad", () => {
  expect(pillOf({ online: false, network_off: false, to_send: 9, to_receive: 9 }, true).tone).toBe("calm");
  expect(pillOf(null, true).tone).toBe("bad");
});
