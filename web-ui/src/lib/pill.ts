// The words of the connection pill. It never says "in sync" while one direction is open or what came is not in the lists yet, and offline is
// a working state.

import type { components } from "../api/types";
import type { MessageKey } from "./messages";

type StatusView = components["schemas"]["StatusView"];

export interface Words {
  key: MessageKey;
  params: Record<string, number>;
}

export interface Pill {
  tone: "good" | "busy" | "calm" | "bad";
  /** Said one after the other. */
  words: Words[];
}

type Shown = Pick<StatusView, "online" | "network_off" | "to_send" | "to_receive" | "to_take_in" | "to_fold">;

export function pillOf(status: Shown | null, answering: boolean): Pill {
  if (!answering || status === null) return { tone: "bad", words: [{ key: "pill_dead", params: {} }] };
  const line = lineOf(status);
  const taking = takingIn(status);
  if (taking === null) return line;
  if (line.tone === "good") return { tone: "busy", words: [taking] };
  return { tone: line.tone, words: [...line.words, taking] };
}

function lineOf(status: Shown): Pill {
  const params = { send: status.to_send, receive: status.to_receive };
  const pill = (tone: Pill["tone"], key: MessageKey): Pill => ({ tone, words: [{ key, params }] });
  if (status.network_off) return pill("calm", "pill_cut_off");
  if (!status.online) return pill("calm", status.to_send === 0 ? "pill_offline_idle" : "pill_offline");
  if (status.to_send === 0 && status.to_receive === 0) return pill("good", "pill_synced");
  return pill("busy", "pill_syncing");
}

/** What is here and in no list yet. Cases are folded when no record is left, so one number at a time is said. */
function takingIn(status: Shown): Words | null {
  if (status.to_take_in > 0) return { key: "pill_taking_in", params: { records: status.to_take_in } };
  if (status.to_fold > 0) return { key: "pill_folding", params: { cases: status.to_fold } };
  return null;
}
