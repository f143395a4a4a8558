// A case is taken back before anybody decided, and what is known of its person is deleted.

import { begin, expect, shot, standardized, submit, test } from "./desk";

test("the counter takes a case back and erases it", async ({ desks }) => {
  const page = await desks.at("office_b", "counter");
  await begin(page, "司马相如", "11010519491231002X");
  await page.getByRole("button", { name: /^拍照/ }).click();
  await standardized(page);
  await submit(page);
  const settle = async (action: string, reason: string): Promise<void> => {
    await page.getByRole("button", { name: action, exact: true }).click();
    const dialog = page.getByRole("dialog", { name: action });
    const confirm = dialog.getByRole("button", { name: action, exact: true });
    await expect(confirm).toBeDisabled();
    await dialog.getByLabel("原因").selectOption({ label: reason });
    await shot(page, `case-${action === "撤回" ? "withdraw" : "erase"}`);
    await confirm.click();
    await expect(dialog).toHaveCount(0);
  };
  await expect(page.getByRole("button", { name: "删除个人资料" })).toHaveCount(0);
  await settle("撤回", "误采集");
  await expect(page.getByText("已撤回").first()).toBeVisible();
  await settle("删除个人资料", "申请人撤回同意");
  await expect(page.getByText("此记录的个人资料已删除；签名记录仍可核验。")).toBeVisible();
  await expect(page.getByText("司马相如")).toHaveCount(0);
  await expect(page.getByRole("img", { name: "标准照" })).toHaveCount(0);
  await shot(page, "case-erased");
});
