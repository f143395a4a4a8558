// The resident identity number by GB 11643: region, birthday, serial, check character (ISO 7064 MOD 11-2).

export type IdFault = "length" | "characters" | "date" | "checksum";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

/** 2026-11-01, before which this program was not built. */
const BUILT_AFTER_MS = Date.UTC(2026, 10, 1);

/** What the person meant: no spaces, half-width, capital X. */
export function normalizeIdNumber(text: string): string {
  return text.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
}

/** What is wrong with a normalized number, or nothing. */
export function idNumberFault(id: string): IdFault | null {
  if (id.length !== 18) return "length";
  if (!/^\d{17}[\dX]$/.test(id)) return "characters";
  if (!isDate(Number(id.slice(6, 10)), Number(id.slice(10, 12)), Number(id.slice(12, 14)))) return "date";
  return id[17] === checkCharacter(id) ? null : "checksum";
}

/** Check character of the first 17 digits. */
export function checkCharacter(id: string): string {
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(id[at]), 0);
  return CHECKS[sum % 11] ?? "";
}

/** Shown where the whole number need not be seen. */
export function maskIdNumber(id: string): string {
  return id.length === 18 ? `${id.slice(0, 6)}********${id.slice(14)}` : id;
}

function isDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const now = Date.now();
  // A clock before the program was made is wrong, and not the person: the node decides then.
  return real && year >= 1900 && (date.getTime() <= now || now < BUILT_AFTER_MS);
}
