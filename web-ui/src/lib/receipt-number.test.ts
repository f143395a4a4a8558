import { describe, expect, test } from "vitest";
import { groupReceiptNumber, receiptDigits, receiptNumberFault } from "./receipt-number";

function withCheck(payload: string): string {
  let rest = 0;
  for (const digit of payload) rest = (rest * 10 + Number(digit)) % 97;
  return payload + String(98 - ((rest * 100) % 97)).padStart(2, "0");
}

describe("receipt number", () => {
  const good = withCheck("440000010100000123");

  test("the check is that of the standard", () => {
    expect(withCheck("794")).toBe("79444");
    expect(receiptNumberFault(good)).toBeNull();
  });

  test("grouping follows its parts and never loses a digit", () => {
    expect(groupReceiptNumber("44000001010000012345")).toBe("44000001-01-00000123-45");
    for (let length = 0; length <= 24; length++) {
      const digits = "123456789012345678901234".slice(0, length);
      expect(receiptDigits(groupReceiptNumber(digits))).toBe(digits);
    }
  });

  test("wrong digits and swapped neighbours are caught", () => {
    for (let at = 0; at < 19; at++) {
      const wrong = good.slice(0, at) + String((Number(good[at]) + 1) % 10) + good.slice(at + 1);
      expect(receiptNumberFault(wrong)).toBe("checksum");
      if (good[at] !== good[at + 1]) {
        const swapped = good.slice(0, at) + good[at + 1] + good[at] + good.slice(at + 2);
        expect(receiptNumberFault(swapped)).toBe("checksum");
      }
    }
  });

  test("scanned and pasted forms are one number", () => {
    expect(receiptNumberFault(groupReceiptNumber(good))).toBeNull();
    expect(receiptNumberFault(` ${good.slice(0, 8)} ${good.slice(8)}`)).toBeNull();
    expect(receiptNumberFault("1234")).toBe("length");
    expect(receiptNumberFault("4400x")).toBe("characters");
  });
});
