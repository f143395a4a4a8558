import { describe, expect, test } from "vitest";
import { parseScanned } from "./scanned";
import { BURST_GAP_MS, Scanner } from "./scanner";

function type(scanner: Scanner, text: string, gap: number): boolean[] {
  return [...text].map((key, index) => scanner.press({ key, at: 1_000 + index * gap }));
}

describe("scanner", () => {
  test("mend 51: keys at the speed of a scanner are a burst, and no key of a person's", () => {
    expect(type(new Scanner(), "a440301", 5)).toEqual([false, true, true, true, true, true, true]);
    expect(type(new Scanner(), "axs", BURST_GAP_MS)).toEqual([false, false, false]);
  });

  test("a burst that stumbles is one burst, and its last key is no key of a person's either", () => {
    const scanner = new Scanner();
    type(scanner, "4403", 5);
    expect(scanner.press({ key: "a", at: 1_100 })).toBe(true);
    expect(scanner.press({ key: "Enter", at: 1_200 })).toBe(true);
    expect(scanner.end()).toBe("4403a");
  });

  test("a burst gives what was scanned, and begins anew", () => {
    const scanner = new Scanner();
    type(scanner, "X123", 5);
    scanner.press({ key: "Enter", at: 1_020 });
    expect(scanner.end()).toBe("X123");
    expect(scanner.end()).toBeNull();
    type(scanner, "as", 5);
    expect(scanner.end()).toBeNull();
  });
});

describe("what was scanned", () => {
  const number = "44030101260000018772";
  test.each([
    number,
    `]C0${number}`,
    `]C1${number}`,
    "４４０３０１０１２６０００００１８７７２",
    `${number}\r\n`,
    `\\000026${number}`,
    `${number}${number}`,
  ])("a receipt number however the scanner sends it: %s", (raw) => {
    const scanned = parseScanned(raw);
    const good = parseScanned(number);
    expect(scanned).toEqual(good);
    expect(["receipt", "mistyped"]).toContain(scanned.kind);
  });

  test("the QR code of a receipt, also with Caps Lock on", () => {
    expect(parseScanned("HUIZHI1:aBc")).toEqual({ kind: "qr", text: "HUIZHI1:aBc" });
    expect(parseScanned("huizhi1:AbC")).toEqual({ kind: "qr", text: "HUIZHI1:aBc" });
  });

  test("an identity number, and what is nothing of ours", () => {
    expect(parseScanned("11010519491231002x")).toEqual({ kind: "id_number", number: "11010519491231002X" });
    expect(parseScanned("①②030101260000018772").kind).not.toBe("receipt");
    expect(parseScanned("hello").kind).toBe("unknown");
    expect(parseScanned("\\000026HZ1:abc")).toEqual({ kind: "unknown", text: "HZ1:abc" });
    expect(parseScanned("\\000026HUIZHI1:abc")).toEqual({ kind: "qr", text: "HUIZHI1:abc" });
    expect(parseScanned("]Q1\\000026huizhi1:ABC")).toEqual({ kind: "qr", text: "HUIZHI1:abc" });
    expect(parseScanned("\u202d119999199003070019\u202c").kind).toBe("id_number");
    expect(parseScanned("44030101260000018773").kind === "receipt" && parseScanned("44030101260000018774").kind === "receipt").toBe(false);
  });
});
