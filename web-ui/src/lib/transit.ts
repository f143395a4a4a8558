// Where a picture or report of a case is, in words: which office has it, how much is here, and what holds it up.

import type { components } from "../api/types";
import { dateTime } from "./format";
import { translate, type Language, type MessageKey } from "./messages";

type PartView = components["schemas"]["PartView"];

const STATES = {
  here: null,
  erased: "transit_erased",
  not_needed: "transit_not_needed",
  fetching: "transit_fetching",
  queued: "transit_queued",
  office_away: "transit_away",
  not_allowed: "transit_not_allowed",
  later: "transit_later",
} as const satisfies Record<PartView["state"], MessageKey | null>;

/** Bytes as people write them. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The sentence for a part; empty where it is here. */
export function transitWords(part: PartView, language: Language): string {
  const key = STATES[part.state];
  if (key === null) return "";
  const say = (key: MessageKey, params: Record<string, string | number> = {}) => translate(language, key, params);
  const what = say(`part_${part.part}`);
  const sentences = [say(key, { what, office: part.office_name, from: part.from_name ?? part.office_name })];
  if (part.state === "office_away") {
    sentences.push(
      typeof part.office_last_seen_ms === "number"
        ? say("transit_seen", { time: dateTime(part.office_last_seen_ms, language) })
        : say("transit_never_seen"),
    );
  }
  if (typeof part.percent === "number" && typeof part.total_bytes === "number") {
    const have = { percent: part.percent, have: size(part.have_bytes), total: size(part.total_bytes) };
    const rate = part.bytes_per_s;
    sentences.push(typeof rate === "number" ? say("transit_have_rate", { ...have, rate: size(rate) }) : say("transit_have", have));
  }
  return sentences.join(language === "zh" ? "" : " ");
}
