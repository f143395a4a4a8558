// A spec published by the province comes into force at the offices.

import { expect, go, shot, test } from "./desk";

test("the province publishes a new version and an office sees it", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  await go(admin, "办理点");
  await expect(admin.getByRole("row")).toHaveCount(4);
  await shot(admin, "offices");
  await go(admin, "规格");
  await shot(admin, "specs");
  await admin.getByRole("link", { name: "居民身份证" }).first().click();
  await expect(admin.getByRole("heading", { name: "数值依据" })).toBeVisible();
  await shot(admin, "spec");
  const id = new URL(admin.url()).pathname.split("/").at(-1) ?? "";
  await admin.getByRole("link", { name: "修改并发布" }).click();
  const text = admin.getByLabel("规格文本（TOML）");
  await expect(text).not.toHaveValue("");
  const before = await text.inputValue();
  const version = Number(/^version\s*=\s*(\d+)/m.exec(before)?.[1]);
  await text.fill(before.replace(/^(version\s*=\s*)\d+/m, `$1${version + 1}`));
  await admin.getByRole("button", { name: "检查并比较" }).click();
  const diff = admin.getByRole("region", { name: "与现行版本的差别" });
  await expect(diff.getByRole("cell", { name: String(version + 1), exact: true })).toBeVisible();
  const publish = admin.getByRole("button", { name: "签名并发布" });
  await expect(publish).toBeDisabled();
  await admin.getByLabel(`输入 ${id} 以确认发布`).fill(id);
  await shot(admin, "spec-diff");
  await publish.click();
  await expect(admin.getByText(`已发布 ${id} v${version + 1}`)).toBeVisible();

  const office = await desks.at("office_b", "counter");
  await go(office, "规格");
  const row = office.getByRole("row", { name: new RegExp(id) });
  await expect(row.getByText(`v${version + 1}`)).toBeVisible({ timeout: 60_000 });
  await expect(row.getByText(/省级发布于/)).toBeVisible();
});

test("a broken spec is refused with the reason", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  await go(admin, "规格");
  await admin.getByRole("link", { name: "发布规格" }).click();
  await admin.getByLabel("规格文本（TOML）").fill("width = \"twenty\"\n");
  await admin.getByRole("button", { name: "检查并比较" }).click();
  await expect(admin.getByRole("alert")).toBeVisible();
  await expect(admin.getByRole("button", { name: "签名并发布" })).toHaveCount(0);
});

test("a version waits for its day and is cancelled", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  await go(admin, "规格");
  await admin.getByRole("link", { name: "驾驶证" }).first().click();
  const id = new URL(admin.url()).pathname.split("/").at(-1) ?? "";
  await admin.getByRole("link", { name: "修改并发布" }).click();
  const text = admin.getByLabel("规格文本（TOML）");
  await expect(text).not.toHaveValue("");
  await text.fill((await text.inputValue()).replace(/^(version\s*=\s*)(\d+)/m, (_, key: string, number: string) => `${key}${Number(number) + 1}`));
  await admin.getByRole("button", { name: "检查并比较" }).click();
  await admin.getByLabel("生效日期（留空则收到即生效）").fill("2099-01-01");
  await admin.getByLabel(`输入 ${id} 以确认发布`).fill(id);
  await admin.getByRole("button", { name: "签名并发布" }).click();
  const waiting = admin.getByText(/将于 2099.+生效/);
  await expect(waiting).toBeVisible();
  await shot(admin, "spec-staged");
  await admin.getByRole("button", { name: "取消待生效版本" }).click();
  await expect(waiting).toHaveCount(0);
});
