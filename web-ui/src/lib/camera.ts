// Why there is no picture, told apart so that each has its own advice.

import type { MessageKey } from "./messages";

export type CameraTrouble = "insecure" | "denied" | "none" | "busy" | "other";

/** Sorts what getUserMedia threw; `null` stands for "the browser offers no camera API at all". */
export function cameraTrouble(error: unknown): CameraTrouble {
  if (error === null) return "insecure";
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "other";
  }
}

export const CAMERA_WORDS: Record<CameraTrouble, MessageKey> = {
  insecure: "camera_insecure",
  denied: "camera_denied",
  none: "camera_none",
  busy: "camera_busy",
  other: "camera_other",
};
