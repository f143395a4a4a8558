// Receipt numbers: twenty digits, office (8), log epoch (2), position (8), check (2) by ISO/IEC 7064 MOD 97-10.
// The node decides; this only tells a typing mistake before anything is asked.

export type NumberFault = "length" | "characters" | "checksum";

const GROUPS = [8, 2, 8, 2];

/** The digits as typed or scanned: full-width digits, spaces and hyphens are forgiven. */
export function receiptDigits(text: string): string {
  return text.normalize("NFKC").replace(/[\s\-–—]/g, "");
}

/** Grouped for reading, also while it is being typed. */
export function groupReceiptNumber(text: string): string {
  const digits = receiptDigits(text);
  const parts: string[] = [];
  let at = 0;
  for (const length of GROUPS) {
    if (at >= digits.length) break;
    parts.push(digits.slice(at, at + length));
    at += length;
  }
  if (digits.length > at) parts.push(digits.slice(at));
  return parts.join("-");
}

/** What is wrong with a number, or nothing. */
export function receiptNumberFault(text: string): NumberFault | null {
  const digits = receiptDigits(text);
  if (!/^\d*$/.test(digits)) return "characters";
  if (digits.length !== 20) return "length";
  return remainder97(digits) === 1 ? null : "checksum";
}

function remainder97(digits: string): number {
  let rest = 0;
  for (const digit of digits) rest = (rest * 10 + Number(digit)) % 97;
  return rest;
}
