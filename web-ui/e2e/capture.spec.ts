// What the capture screen tells before and after the shutter: guidance, the empty wall, where a check lies, other documents.

import type { Page } from "@playwright/test";
import { begin, expect, shot, standardized, test } from "./desk";

test.describe.configure({ mode: "serial" });

test("one instruction stands over the live picture, and only for somebody who agreed", async ({ desks }) => {
  const page = await desks.at("office_b", "counter");
  await expect(page.getByRole("button", { name: /^拍照/ })).toBeVisible();
  await expect(page.getByTestId("guidance")).toHaveCount(0);
  const card = page.getByTestId("card");
  await card.locator("summary").click();
  await card.getByLabel("国徽面").setInputFiles(desks.photo);
  await expect(card.getByText(/^✗ 国徽面/)).toBeVisible();
  await shot(page, "capture-card");
  await begin(page, "周小川", "110101199003070011");
  const guidance = page.getByTestId("guidance");
  if (desks.hasFace) {
    await expect(guidance).toHaveAttribute("data-code", /^(?!no_face|no_model)[a-z_]+$/);
    await expect(guidance).toHaveAttribute("aria-live", "polite");
    await expect(guidance.getByRole("paragraph")).toHaveCount(1);
  } else {
    await expect(guidance).toBeAttached();
  }
  await shot(page, "capture-guidance");
});

test("when nothing stands against the photo, words and frame turn green", async ({ desks }) => {
  const page = await desks.at("office_b", "counter");
  // The camera is a file, so the node's answer is played.
  const ready = { code: "ready", text: { zh: "很好，请保持", en: "Good: hold it" }, since_ms: 0, ready: true, reasons: [] };
  await page.route("**/api/guidance?*", (route) => route.fulfill({ json: ready }));
  await expect(page.getByTestId("guidance").getByText("✓ 很好，请保持")).toBeVisible();
  await shot(page, "capture-ready");
  const absent = { ...ready, code: "no_model", ready: false };
  await page.unroute("**/api/guidance?*");
  await page.route("**/api/guidance?*", (route) => route.fulfill({ json: absent }));
  await expect(page.getByTestId("guidance")).toBeEmpty();
  await page.unroute("**/api/guidance?*");
});

test("the empty wall is not recorded while somebody stands before it", async ({ desks }) => {
  test.skip(!desks.hasFace, "no model sees the drawn face");
  const page = await desks.at("office_b", "counter");
  const plate = page.getByRole("region", { name: "空墙底片" });
  await expect(plate.getByText("尚未记录")).toBeVisible();
  await plate.getByRole("button", { name: "记录空墙" }).click();
  await expect(page.getByText("画面中有人。请所有人离开画面后再记录空墙。")).toBeVisible();
  await expect(plate.getByText("尚未记录")).toBeVisible();
});

test("the checks are counted, one that has a place shows it, and other documents are tried when asked", async ({ desks }) => {
  const page = await desks.at("office_b", "counter");
  await page.locator("body").press("Space");
  await standardized(page);
  const counts = page.getByTestId("check-counts");
  await expect(counts).toContainText(/\d+ 项不合格/);
  await expect(counts).toContainText(/\d+ 项由审核员判断/);
  await expect(counts).toContainText(/\d+ 项合格/);
  await shot(page, "capture-checks");
  await page.locator("summary", { hasText: /^\d+ 项合格/ }).click();
  const where = page.getByRole("button", { name: /在照片上标出/ });
  await expect(page.getByTestId("place")).toHaveCount(0);
  await where.locator("visible=true").first().focus();
  await expect(page.getByTestId("place")).toBeVisible();
  await shot(page, "capture-place");
  const panel = page.getByTestId("feasibility");
  await panel.locator("summary").click();
  await expect(panel.getByRole("row").nth(3)).toBeVisible({ timeout: 60_000 });
  await expect(panel.getByText(/可用/).first()).toBeVisible();
  await page.locator("summary", { hasText: /^\d+ 项合格/ }).click();
  await page.locator("summary", { hasText: /由审核员判断/ }).click();
  await expect(page.getByRole("heading", { name: /须人工查看/ })).toBeVisible();
  await panel.getByRole("row").last().scrollIntoViewIfNeeded();
  await shot(page, "capture-feasibility");
});

test("where the document leaves a choice, the photo is made anew on the background that is chosen", async ({ desks }) => {
  const page = await desks.at("office_b", "counter");
  const group = page.getByRole("group", { name: "照片背景" });
  await expect(group, "the identity card has one background").toHaveCount(0);
  await begin(page, "周小川", "110101199003070011", "学历证书电子注册图像");
  await expect(group.getByRole("radio")).toHaveCount(3);
  await expect(group.getByRole("radio", { name: "浅蓝色" })).toBeChecked();
  await page.getByLabel("选择照片文件").setInputFiles(desks.photo);
  await standardized(page);
  await expect.poll(() => corner(page)).toMatch(/^#6.c.f.$/);
  await shot(page, "capture-background");
  await group.getByRole("radio", { name: "白色" }).check();
  await standardized(page);
  await expect.poll(() => corner(page)).toMatch(/^#f.f.f.$/);
  await page.reload();
  await expect(group.getByRole("radio", { name: "白色" })).toBeChecked();
});

test("work that takes too long is stopped with Esc, and the picture is still there", async ({ desks }) => {
  const page = await desks.at("office_b", "counter");
  await begin(page, "周小川", "110101199003070011");
  await page.getByLabel("选择照片文件").setInputFiles(desks.photo);
  await standardized(page);
  const draft = await page.evaluate(async (id) => (await fetch(`/api/drafts/${id}`)).json() as Promise<object>, page.url().split("/").at(-1));
  const problem = { code: "cancelled", message: { zh: "已取消。", en: "Cancelled." }, field: null };
  await page.locator("body").press("r");
  // The node is too quick to be stopped by a hand, so its answer is held back until it was asked to stop.
  const asked = page.waitForRequest((request) => request.method() === "DELETE" && request.url().endsWith("/run"));
  await page.route("**/api/drafts/*/photo", async (route) => {
    await asked;
    await route.fulfill({ json: { ...draft, result: null, problem } });
  });
  await page.getByLabel("选择照片文件").setInputFiles(desks.photo);
  await expect(page.getByRole("button", { name: /^停止制作/ })).toBeVisible();
  await shot(page, "capture-working");
  await page.locator("body").press("Escape");
  await expect(page.getByRole("alert").filter({ hasText: "已取消。" })).toBeVisible();
  expect((await (await asked).response())?.status()).toBe(204);
  await page.unroute("**/api/drafts/*/photo");
  await shot(page, "capture-given-up");
  await page.getByRole("button", { name: "用这张原图重新制作" }).click();
  await standardized(page);
});

/** Colour of the upper left corner of the standardized photo. */
async function corner(page: Page): Promise<string> {
  return page.getByRole("img", { name: "标准照" }).evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    context?.drawImage(image, 0, 0);
    const pixel = context?.getImageData(2, 2, 1, 1).data ?? [];
    return `#${Array.from(pixel.slice(0, 3), (value) => value.toString(16).padStart(2, "0")).join("")}`;
  });
}
