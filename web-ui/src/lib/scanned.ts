// What a scanner read: a receipt number, an identity number, the QR code of a receipt, or something else.

import { idNumberFault, normalizeIdNumber } from "./idnumber";
import { receiptDigits, receiptNumberFault } from "./receipt-number";

export type Scanned =
  | { kind: "receipt"; digits: string }
  | { kind: "id_number"; number: string }
  | { kind: "qr"; text: string }
  | { kind: "mistyped"; digits: string }
  | { kind: "unknown"; text: string };

/** What the text of a receipt's QR code begins with. */
const QR_PREFIX = "HUIZHI1:";

/** Reads what a scanner typed. */
export function parseScanned(raw: string): Scanned {
  const text = withoutMarks(raw);
  const swapped = swapCase(text);
  for (const candidate of [text, swapped]) {
    if (candidate.startsWith(QR_PREFIX)) return { kind: "qr", text: candidate };
  }
  const digits = receiptDigits(text);
  if (/^\d+$/.test(digits)) {
    const once = twice(digits) ?? digits;
    if (once.length === 20) return receiptNumberFault(once) === null ? { kind: "receipt", digits: once } : { kind: "mistyped", digits: once };
  }
  const number = normalizeIdNumber(text);
  if (idNumberFault(number) === null) return { kind: "id_number", number };
  return { kind: "unknown", text: text.slice(0, 80) };
}

/** Takes off what scanners add: AIM symbology identifier (`]C0`), ECI of QR codes (`\000026`), control characters, full-width forms. */
function withoutMarks(raw: string): string {
  return raw
    .normalize("NFKC")
    .replace(/\p{C}/gu, "")
    .trim()
    .replace(/^\][A-Za-z][0-9A-Za-z]/, "")
    .replace(/^\\[0-9]{6}/, "");
}

/** Two scans of one code without Enter between. */
function twice(digits: string): string | null {
  const half = digits.slice(0, digits.length / 2);
  return digits.length === 40 && half + half === digits ? half : null;
}

/** With Caps Lock on a scanner types every letter in the other case. */
function swapCase(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()));
}
