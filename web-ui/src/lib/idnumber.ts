// The resident identity number by GB 11643: region, birthday, serial, check character (ISO 7064 MOD 11-2).

/** The same faults by the same names as `node/src/service/id_number.rs`; both are tried on `idnumber.cases.json`. */
export type IdFault =
  | "length"
  | "fifteen_digits"
  | "other_document"
  | "scientific"
  | "lost_digits"
  | "wrong_x"
  | "characters"
  | "date"
  | "check";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

/** 2026-11-01, before which this program was not built. */
const BUILT_AFTER_MS = Date.UTC(2026, 10, 1);

/** Marks that nobody sees and that programs leave behind: zero-width, directions, variation selectors, byte order marks. */
const HIDDEN =
  /[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e01ef}]/gu;
const BLANKS_CONTROLS_HYPHENS = /[\s\p{Cc}\u002d\u2010-\u2015\u2212]/gu;
/** Letters that only look like X. */
const LIKE_X = /^\d{17}[\u0425\u0445\u03a7\u03c7\u00d7]$/;

/** What the person meant: no blanks, hyphens or marks that nobody sees, half-width, capital X. */
export function normalizeIdNumber(text: string): string {
  return text
    .normalize("NFKC")
    .replace(HIDDEN, "")
    .replace(BLANKS_CONTROLS_HYPHENS, "")
    .replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** What is wrong with a normalized number, or nothing. */
export function idNumberFault(id: string): IdFault | null {
  if (/^\d([.,]\d+E[+-]?|E[+-])\d+$/.test(id)) return "scientific";
  if (/^\d{15}$/.test(id)) return "fifteen_digits";
  if (/^[A-Z]{1,3}\d{6,12}$/.test(id)) return "other_document";
  if ([...id].length !== 18) return "length";
  if (LIKE_X.test(id)) return "wrong_x";
  if (!/^\d{17}[\dX]$/.test(id)) return "characters";
  if (!isDate(Number(id.slice(6, 10)), Number(id.slice(10, 12)), Number(id.slice(12, 14)))) return "date";
  const checked = id[17] === checkCharacter(id);
  // No sequence number is 000, so that these zeros are a spreadsheet's also where the check character holds by chance.
  if (id.endsWith("000") && (!checked || id.slice(14, 17) === "000")) return "lost_digits";
  return checked ? null : "check";
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
