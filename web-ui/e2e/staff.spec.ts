// Who works here, and who saw whose data.

import { begin, expect, go, shot, standardized, submit, test } from "./desk";

test("the administrator adds somebody, changes them and switches them off", async ({ desks }) => {
  const admin = await desks.at("province", "admin");
  await go(admin, "人员");
  await admin.getByRole("button", { name: "添加人员" }).click();
  const adding = admin.getByRole("dialog", { name: "添加人员" });
  await adding.getByLabel("登录名").fill("reviewer");
  await adding.getByLabel("姓名").fill("赵敏");
  await adding.getByLabel("密码").fill("long-enough-1");
  await expect(adding.getByRole("button", { name: "保存" })).toBeDisabled();
  await adding.getByLabel("审核员").check();
  await adding.getByRole("button", { name: "保存" }).click();
  await expect(adding.getByRole("alert")).toContainText("已有人使用");
  await adding.getByLabel("登录名").fill("zhaomin");
  await shot(admin, "staff-add");
  await adding.getByRole("button", { name: "保存" }).click();
  const row = admin.getByRole("row", { name: /赵敏/ });
  await expect(row).toContainText("审核员");
  await row.getByRole("button", { name: "修改" }).click();
  const changing = admin.getByRole("dialog", { name: "修改：赵敏" });
  await changing.getByLabel("审计员").check();
  await changing.getByRole("button", { name: "保存" }).click();
  await expect(row).toContainText("审核员 · 审计员");
  await row.getByRole("button", { name: "停用" }).click();
  await expect(row).toContainText("已停用");
  await shot(admin, "staff");
});

test("somebody changes the own password, for which the present one is needed", async ({ desks }) => {
  const page = await desks.at("province", "auditor");
  await page.getByTitle("修改密码").click();
  const dialog = page.getByRole("dialog", { name: "修改密码" });
  await dialog.getByLabel("当前密码").fill("not-the-password");
  await dialog.getByLabel("新密码（至少 8 个字符）").fill("long-enough-2");
  await dialog.getByLabel("再输入一次新密码").fill("long-enough-3");
  await dialog.getByRole("button", { name: "修改密码" }).click();
  await expect(dialog.getByRole("alert")).toContainText("不一致");
  await dialog.getByLabel("再输入一次新密码").fill("long-enough-2");
  await dialog.getByRole("button", { name: "修改密码" }).click();
  await expect(dialog.getByRole("alert")).toContainText("当前密码不正确");
  await shot(page, "password");
  await dialog.getByLabel("当前密码").fill("huizhi-demo");
  await dialog.getByRole("button", { name: "修改密码" }).click();
  await expect(dialog).toHaveCount(0);
  // The own session goes on.
  await go(page, "今日办理");
  await expect(page.getByRole("heading", { name: "今日办理" })).toBeVisible();
});

test("a whole number is shown on request, and the auditor sees who looked", async ({ desks }) => {
  const counter = await desks.at("office_b", "counter");
  await begin(counter, "卓文君", "11010519491231002X");
  await counter.getByRole("button", { name: /^拍照/ }).click();
  await standardized(counter);
  await expect(counter.getByText(/人员编号 \d+ 记录/)).toBeVisible();
  await submit(counter);
  await expect(counter.getByText("110105**********2X")).toBeVisible();
  await expect(counter.getByText("11010519491231002X")).toHaveCount(0);
  await counter.getByRole("button", { name: "显示" }).click();
  await expect(counter.getByText("11010519491231002X")).toBeVisible();
  await shot(counter, "case-number");
  await counter.getByRole("button", { name: "隐藏" }).click();
  await expect(counter.getByText("11010519491231002X")).toHaveCount(0);
  const auditor = await desks.at("office_b", "auditor");
  await go(auditor, "查看记录");
  const looks = auditor.getByRole("row", { name: /counter/ });
  await expect(looks.filter({ hasText: "完整号码" }).first()).toBeVisible();
  await shot(auditor, "trail");
  const number = await looks.first().getByRole("cell").nth(1).innerText();
  await auditor.getByLabel("人员编号").fill("999999");
  await auditor.getByRole("button", { name: "查找" }).click();
  await expect(auditor.getByText("没有符合条件的记录。")).toBeVisible();
  await auditor.getByLabel("人员编号").fill(number);
  await auditor.getByRole("button", { name: "查找" }).click();
  await expect(looks.first()).toBeVisible();
});
