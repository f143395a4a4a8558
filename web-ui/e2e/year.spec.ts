// The turn of the year at the province: an office asks for its next log and is given it.

import { expect, go, shot, test, type Login } from "./desk";

test("an office that asks for the next epoch of its log is given it with one click", async ({ desks, demo }) => {
  expect(demo.run("office_b", "office", "new-epoch")).toContain("asks for epoch 2");
  const admin = await desks.at("province", "admin");
  await go(admin, "办理点");
  const asking = admin.getByRole("region", { name: "换发新年度日志" });
  await expect(asking).toContainText("44010501）申请第 2 期", { timeout: 60_000 });
  await shot(admin, "epochs");
  // The node begins anew with the new keys, so nobody sits at it meanwhile.
  for (const login of ["counter", "auditor"] satisfies Login[]) {
    await (await desks.at("office_b", login)).goto("about:blank");
  }
  await asking.getByRole("button", { name: "全部换发（1）" }).click();
  await expect(admin.getByText("已换发 1 个办理点的日志")).toBeVisible();
  await expect(asking).toHaveCount(0);
  await expect(admin.getByRole("row", { name: /44010501/ })).toContainText("已连接", { timeout: 60_000 });
});
