// The loop behind the words over the live picture: one preview frame at a time, and none that nobody looks at.

import type { GuidanceView as Guidance } from "../api/shapes";

export type { Guidance };

/** From the begin of one request to the begin of the next. */
const EVERY_MS = 180;
/** After a refusal the node has other work, or is gone. */
const REFUSED_MS = 1_000;
/** An instruction that no frame has confirmed for so long is taken away. */
const STALE_MS = 3_000;
/** Longer side of a preview frame. */
const SIDE_PX = 480;

export interface Parts {
  now: () => number;
  /** Calls back once after a pause. */
  after: (ms: number, then: () => void) => void;
  /** The page is seen and the camera gives a picture. */
  isSeen: () => boolean;
  frame: () => Promise<Blob | null>;
  ask: (frame: Blob) => Promise<Guidance>;
  show: (guidance: Guidance | null) => void;
}

/** Begins to send frames; the function that comes back ends it, and what is under way then is not shown any more. */
export function guide(parts: Parts): () => void {
  let ended = false;
  let heard = parts.now();

  async function step(): Promise<void> {
    if (ended) return;
    const begun = parts.now();
    if (!parts.isSeen()) {
      parts.show(null);
      parts.after(EVERY_MS, () => void step());
      return;
    }
    const answer = await look();
    if (ended) return;
    if (answer?.code === "no_model") {
      // Nothing will be guided at this machine; the clerk has the frame on the screen.
      parts.show(null);
      return;
    }
    if (answer !== null) {
      heard = parts.now();
      parts.show(answer);
    } else if (parts.now() - heard >= STALE_MS) {
      parts.show(null);
    }
    const pause = answer === null ? REFUSED_MS : Math.max(0, EVERY_MS - (parts.now() - begun));
    parts.after(pause, () => void step());
  }

  async function look(): Promise<Guidance | null> {
    try {
      const frame = await parts.frame();
      return frame === null || ended ? null : await parts.ask(frame);
    } catch {
      // Guidance is advice: where it fails the photo is taken without.
      return null;
    }
  }

  void step();
  return () => {
    ended = true;
    parts.show(null);
  };
}

/** Size of a preview frame of a picture of this size; a small picture is not enlarged. */
export function frameSize(width: number, height: number): { width: number; height: number } {
  const factor = Math.min(1, SIDE_PX / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}
