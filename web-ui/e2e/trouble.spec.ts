// What goes wrong at a counter, and what the page says then.

import { begin, expect, go, shot, standardized, signNow, submit, test } from "./desk";

test.describe.configure({ mode: "serial" });

const NAME = "林小满";
const ID_NUMBER = "440301199003077528";

test("a mistyped ID number is told before anything is sent", async ({ desks }) => {
  const page = await desks.at("office_a", "counter");
  await go(page, "采集");
  const next = page.getByRole("button", { name: "下一位" });
  if (await next.isVisible()) await next.click();
  const field = page.getByLabel("公民身份号码");
  await field.fill("110105194912310021");
  await expect(page.getByText("校验位不符：号码有误，请对照证件重新核对。")).toBeVisible();
  await field.fill("11010519491331002X");
  await expect(page.getByText("第 7 至 14 位不是有效的出生日期。")).toBeVisible();
  await field.fill("11010519491231002X");
  await expect(page.getByText("校验通过")).toBeVisible();
  await page.getByRole("button", { name: "开始采集" }).click();
  await expect(page.getByText("请填写姓名。")).toBeVisible();
  await expect(page.getByText("须先告知用途并征得同意。")).toBeVisible();
  await shot(page, "capture-faults");
});

test("a file that is no picture is refused with the reason, and the draft survives a reload", async ({ desks }) => {
  const page = await desks.at("office_a", "counter");
  await begin(page, NAME, ID_NUMBER);
  await page.getByLabel("选择照片文件").setInputFiles({ name: "photo.jpg", mimeType: "image/jpeg", buffer: Buffer.from("not a picture") });
  await expect(page.getByText("照片未能制成：")).toBeVisible();
  await shot(page, "capture-not-an-image");
  await page.reload();
  await expect(page.getByText(NAME)).toBeVisible();
  await page.getByLabel("选择照片文件").setInputFiles(desks.photo);
  await standardized(page);
  await submit(page);
});

test("a returned case comes back with its reasons, and one click begins the recapture", async ({ desks }) => {
  const reviewer = await desks.at("province", "reviewer");
  await go(reviewer, "审核");
  await reviewer.getByRole("button", { name: new RegExp(NAME) }).click();
  await expect(reviewer.getByRole("img", { name: "标准照" })).toBeVisible({ timeout: 60_000 });
  await reviewer.locator("body").press("x");
  const palette = reviewer.getByRole("group", { name: "退回原因" });
  // One after the other: keys that come together are a scanner's.
  await expect(palette).toBeVisible();
  await reviewer.locator("body").press("1");
  await expect(palette.getByRole("button", { pressed: true })).toHaveCount(1);
  await reviewer.locator("body").press("2");
  await expect(palette.getByRole("button", { pressed: true })).toHaveCount(2);
  const reason = (await palette.getByRole("button", { pressed: true }).first().innerText()).replace(/^1\s*/, "");
  await shot(reviewer, "review-reasons");
  await reviewer.locator("body").press("Enter");
  await signNow(reviewer);
  await expect(reviewer.getByText(`已退回：${NAME}`)).toBeVisible();

  const counter = await desks.at("office_a", "counter");
  await go(counter, "今日办理");
  const returned = counter.getByRole("region", { name: "被退回，需要重拍" });
  await expect(returned.getByText(NAME)).toBeVisible({ timeout: 60_000 });
  await expect(returned.getByText(reason.trim())).toBeVisible();
  await shot(counter, "cases-returned");
  await returned.getByRole("button", { name: "重新采集" }).first().click();
  await expect(counter).toHaveURL(/\/capture\/[0-9a-f]+$/);
  await expect(counter.getByText(NAME)).toBeVisible();
  await counter.getByLabel("选择照片文件").setInputFiles(desks.photo);
  await standardized(counter);
  await submit(counter);
});

test("mend 54: one number under another name is told at once, with the other case", async ({ desks }) => {
  const page = await desks.at("office_a", "counter");
  await begin(page, "周大雪", ID_NUMBER);
  const told = page.getByRole("alert").filter({ hasText: "同一身份证号在另一记录中是另一姓名" });
  await expect(told.getByRole("link", { name: NAME })).toHaveAttribute("href", /^\/cases\/[0-9a-f]+$/);
  await shot(page, "capture-same-number");
});

test("keys and the second language are there, and offices see one another", async ({ desks }) => {
  const page = await desks.at("office_a", "counter");
  await page.locator("body").press("?");
  await expect(page.getByRole("dialog", { name: "快捷键" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("link", { name: "Capture" })).toBeVisible();
  await page.getByRole("link", { name: "Cases" }).click();
  await expect(page.getByRole("columnheader", { name: "Receipt number" })).toBeVisible();
  await shot(page, "cases-english");
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("button", { name: /已同步|同步中|离线工作中/ }).click();
  await expect(page.getByRole("columnheader", { name: "待发送" })).toBeVisible();
  await shot(page, "peers");
  await page.keyboard.press("Escape");
});
