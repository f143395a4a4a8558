// Numbers, times and ranges in words.

import type { components } from "../api/types";
import type { Language } from "./messages";

type CheckView = components["schemas"]["CheckView"];

function locale(language: Language): string {
  return language === "zh" ? "zh-CN" : "en-GB";
}

export function dateTime(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { dateStyle: "medium", timeStyle: "short" }).format(ms);
}

export function timeOfDay(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { hour: "2-digit", minute: "2-digit", hour12: false }).format(ms);
}

/** A day that was named as a day in China, wherever the browser is. */
export function dayInChina(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { dateStyle: "medium", timeZone: "Asia/Shanghai" }).format(ms);
}

export function day(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { dateStyle: "medium" }).format(ms);
}

/** At most two decimals, and none where they say nothing. */
export function number(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) >= 100 ? 0 : 2)));
}

/** Units as people write them; shares become per cent. */
function withUnit(value: number, unit: string): string {
  if (unit === "share" || unit === "share_height" || unit === "share_width") return `${number(value * 100)} %`;
  if (unit === "deg") return `${number(value)}°`;
  if (unit === "times") return `${number(value)}×`;
  if (unit === "delta_e") return `ΔE ${number(value)}`;
  return unit === "" || unit === "ratio" ? number(value) : `${number(value)} ${unit}`;
}

export function measured(check: CheckView): string {
  return check.measured === null || check.measured === undefined ? "—" : withUnit(check.measured, check.unit);
}

/** The allowed range, open on a side that has no bound. */
export function range(check: Pick<CheckView, "min" | "max" | "unit">): string {
  const min = check.min ?? null;
  const max = check.max ?? null;
  if (min !== null && max !== null) {
    return min === max ? withUnit(min, check.unit) : `${withUnit(min, check.unit)} – ${withUnit(max, check.unit)}`;
  }
  if (min !== null) return `≥ ${withUnit(min, check.unit)}`;
  return max === null ? "" : `≤ ${withUnit(max, check.unit)}`;
}

export function shortHash(hash: string): string {
  return hash.length > 16 ? `${hash.slice(0, 8)}…${hash.slice(-6)}` : hash;
}
