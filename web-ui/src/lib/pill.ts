// The words of the connection pill. It never says "in sync" while one direction is open, and offline is a working state.

import type { components } from "../api/types";
import type { MessageKey } from "./messages";

type StatusView = components["schemas"]["StatusView"];

export interface Pill {
  tone: "good" | "busy" | "calm" | "bad";
  key: MessageKey;
  params: Record<string, number>;
}

export function pillOf(status: Pick<StatusView, "online" | "network_off" | "to_send" | "to_receive"> | null, answering: boolean): Pill {
  if (!answering || status === null) return { tone: "bad", key: "pill_dead", params: {} };
  const params = { send: status.to_send, receive: status.to_receive };
  if (status.network_off) return { tone: "calm", key: "pill_cut_off", params };
  if (!status.online) {
    return status.to_send === 0 ? { tone: "calm", key: "pill_offline_idle", params } : { tone: "calm", key: "pill_offline", params };
  }
  if (status.to_send === 0 && status.to_receive === 0) return { tone: "good", key: "pill_synced", params };
  return { tone: "busy", key: "pill_syncing", params };
}
