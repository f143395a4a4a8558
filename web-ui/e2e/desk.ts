// What a test holds in its hands: desks at the three offices, each a browser of its own, where any console error is a failure.

import { expect, test as base, type Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { equip, SCREENS, type Equipment } from "./browser";
import { Demo, type Pages } from "./demo";

export type Login = "counter" | "reviewer" | "admin" | "auditor";

export interface Desks {
  /** Logs in at an office; the same desk is given again for the same login. */
  at(office: keyof Pages, login: Login): Promise<Page>;
  photo: string;
  hasFace: boolean;
}

const PASSWORD = "huizhi-demo";

export const test = base.extend<object, { equipment: Equipment; demo: Demo; desks: Desks }>({
  equipment: [
    async ({}, use) => {
      const equipment = await equip();
      await use(equipment);
      await equipment.browser.close();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  demo: [
    async ({}, use) => {
      const demo = await Demo.start();
      await use(demo);
      await demo.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  desks: [
    async ({ equipment, demo }, use) => {
      const pages = new Map<string, Page>();
      const errors: string[] = [];
      await use({
        photo: equipment.photo,
        hasFace: equipment.hasFace,
        at: async (office, login) => {
          const key = `${office} ${login}`;
          const known = pages.get(key);
          if (known !== undefined) return known;
          const page = await sit(equipment, demo.pages[office], login, (text) => errors.push(`${key}: ${text}`));
          pages.set(key, page);
          return page;
        },
      });
      for (const page of pages.values()) await page.context().close();
      expect(errors, "console errors").toEqual([]);
    },
    { scope: "worker" },
  ],
});

export { expect };

async function sit(equipment: Equipment, address: string, login: Login, complain: (text: string) => void): Promise<Page> {
  const context = await equipment.browser.newContext({
    viewport: { width: 1366, height: 860 },
    locale: "zh-CN",
    permissions: ["camera", "clipboard-read", "clipboard-write"],
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => complain(String(error)));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    // A refusal by the node is part of the contract and shown on the page; the browser notes it all the same.
    const refused = /status of 4(01|04|09|22|29)/.test(message.text()) && message.location().url.includes("/api/");
    if (!refused) complain(`${message.text()} ${message.location().url}`);
  });
  await page.goto(address);
  await shot(page, "login");
  await page.getByLabel("登录名").fill(login);
  await page.getByLabel("密码").fill(PASSWORD);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await expect(page.getByRole("navigation", { name: "主菜单" })).toBeVisible();
  return page;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Keeps a picture of the screen, and asks of every screen what WCAG 2 AA asks. */
export async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
  // Evaluated and not added as a script: the page's own policy forbids foreign scripts.
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } }).axe;
    const found = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] });
    return found.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`);
  });
  expect(violations, `accessibility of ${name}`).toEqual([]);
}

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/** Goes to a page by the rail, as people do. */
export async function go(page: Page, entry: string): Promise<void> {
  await page.getByRole("navigation", { name: "主菜单" }).getByRole("link", { name: entry }).click();
}

/** Fills in the applicant and begins. */
export async function begin(page: Page, name: string, idNumber: string, document = "居民身份证"): Promise<void> {
  await go(page, "采集");
  const next = page.getByRole("button", { name: "下一位" });
  if (await next.isVisible()) await next.click();
  const choice = page.getByLabel("证件类型");
  const value = await choice.locator("option", { hasText: document }).first().getAttribute("value");
  await choice.selectOption(value);
  await page.getByLabel("姓名").fill(name);
  await page.getByLabel("公民身份号码").fill(idNumber);
  await page.getByLabel("已告知用途，申请人同意采集").check();
  await page.getByRole("button", { name: "开始采集" }).click();
  await expect(page.getByRole("button", { name: "下一位" })).toBeVisible();
}

/** Waits until there is a standardized photo, marking by hand where no model finds the face. */
export async function standardized(page: Page): Promise<void> {
  const done = page.getByRole("img", { name: "标准照" });
  const apply = page.getByRole("button", { name: "按标记制作" });
  await expect(done.or(apply)).toBeVisible({ timeout: 60_000 });
  if (await apply.isVisible()) {
    await page.getByRole("button", { name: "放到常见位置" }).click();
    await shot(page, "capture-marks");
    await apply.click();
    await expect(done).toBeVisible({ timeout: 60_000 });
  }
}

/** Ends the window in which a decision or submission can be undone. */
export async function signNow(page: Page): Promise<void> {
  await page.getByRole("region", { name: "等待签署" }).getByRole("button", { name: "立即签署" }).last().click();
}

/** Submits, with a reason where a check failed; ends on the page of the case. */
export async function submit(page: Page): Promise<void> {
  const reason = page.getByLabel("不合格仍提交的理由");
  if (await reason.isVisible()) {
    await reason.fill("测试照片，背景由审核员判断");
    await page.getByRole("button", { name: "说明理由并提交" }).click();
  } else {
    await page.getByRole("button", { name: "提交审核" }).click();
  }
  await signNow(page);
  await expect(page).toHaveURL(/\/cases\/[0-9a-f]+$/);
}
