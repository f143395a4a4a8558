// Who belongs to the federation: invitations, and the switch of the network.

import { expect, go, shot, test } from "./desk";

test("the province invites an office, and takes the invitation back", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  await go(admin, "办理点");
  const form = admin.locator("form").filter({ hasText: "邀请新办理点" });
  await form.getByLabel("办理点代码（八位数字）").fill("44030401");
  await form.getByLabel("办理点名称").fill("龙华采集点");
  await form.getByRole("button", { name: "生成邀请" }).click();
  await expect(form.getByRole("alert")).toContainText("该代码已登记");
  await form.getByLabel("办理点代码（八位数字）").fill("44030901");
  await form.getByRole("button", { name: "生成邀请" }).click();
  const dialog = admin.getByRole("dialog", { name: "邀请 龙华采集点" });
  await expect(dialog.getByRole("textbox")).toHaveValue(/^HUIZHI-INVITE1:/);
  await expect(dialog.getByRole("img", { name: "QR" })).toBeVisible();
  await shot(admin, "invitation");
  await dialog.getByRole("button", { name: "复制" }).click();
  expect(await admin.evaluate(() => navigator.clipboard.readText())).toMatch(/^HUIZHI-INVITE1:/);
  await dialog.getByRole("button", { name: "关闭" }).click();
  const row = form.getByRole("row", { name: /龙华采集点/ });
  await expect(row).toContainText("待使用");
  await shot(admin, "invitations");
  await row.getByRole("button", { name: "作废" }).click();
  await expect(row).toHaveCount(0);
});

test("the province puts an office in charge of a city, and another office sees it", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  await go(admin, "办理点");
  const row = admin.getByRole("row", { name: /44010501/ });
  await expect(row).toContainText("全省");
  await row.getByRole("button", { name: /负责地区/ }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByLabel(/负责地区代码/).fill("000000");
  await dialog.getByRole("button", { name: "保存地区" }).click();
  await expect(dialog.getByRole("alert")).toContainText("GB/T 2260");
  await dialog.getByLabel(/负责地区代码/).fill("440100");
  await shot(admin, "region");
  await dialog.getByRole("button", { name: "保存地区" }).click();
  await expect(row).toContainText("440100");
  await shot(admin, "regions");
  const office = await desks.at("office_b", "auditor");
  await go(office, "办理点");
  await expect(office.getByRole("row", { name: /44010501/ })).toContainText("440100");
  await expect(office.getByRole("button", { name: /负责地区/ })).toHaveCount(0);
});

test("the network of the province is switched off and on, and its page says so", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  const pill = admin.locator("button.pill");
  await expect(pill).toContainText("已同步", { timeout: 60_000 });
  await pill.click();
  await admin.getByRole("button", { name: "断开网络" }).click();
  await expect(pill).toContainText("网络已手动断开");
  const office = await desks.at("office_b", "auditor");
  await go(office, "办理点");
  await expect(office.getByRole("row", { name: /广东省审核中心/ })).toContainText("未连接", { timeout: 30_000 });
  await shot(office, "office-away");
  await admin.getByRole("button", { name: "恢复网络" }).click();
  await expect(pill).toContainText("已同步", { timeout: 60_000 });
  await pill.click();
});

test("two admins write one draft at once and both see all of it", async ({ desks }) => {
  const first = await desks.at("province", "admin");
  await first.goto(new URL("/specs/us-visa/edit", first.url()).href);
  const one = first.getByLabel("规格文本（TOML）");
  await expect(one).not.toHaveValue("");
  const second = await first.context().newPage();
  await second.goto(first.url());
  const two = second.getByLabel("规格文本（TOML）");
  const text = await one.inputValue();
  await expect(two).toHaveValue(text);
  await one.fill(`# 第一人\n${text}`);
  await two.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(area.value.length, area.value.length));
  await two.pressSequentially("# 第二人");
  const merged = `# 第一人\n${text}# 第二人`;
  await expect(one).toHaveValue(merged);
  await expect(two).toHaveValue(merged);
  await shot(first, "spec-draft");
  // Thrown away by one, gone for the other.
  await first.getByRole("button", { name: "放弃草稿" }).click();
  await expect(one).toHaveValue(text);
  await expect(two).toHaveValue(text);
  await second.close();
});
