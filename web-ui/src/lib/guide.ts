// From the shares of a spec to lines over the picture.

import type { components } from "../api/types";

type GuideView = components["schemas"]["GuideView"];

export interface GuideShape {
  frame: { x: number; y: number; width: number; height: number };
  oval: { cx: number; cy: number; rx: number; ry: number };
  eyeY: number;
}

/** Share of the picture's height that the frame takes. */
const FRAME_SHARE = 0.9;

/** Where frame, head and eyes lie over a picture of this size. */
export function guideShape(guide: GuideView, width: number, height: number): GuideShape {
  let frameHeight = height * FRAME_SHARE;
  let frameWidth = frameHeight * guide.aspect;
  if (frameWidth > width * FRAME_SHARE) {
    frameWidth = width * FRAME_SHARE;
    frameHeight = frameWidth / guide.aspect;
  }
  const x = (width - frameWidth) / 2;
  const y = (height - frameHeight) / 2;
  const top = y + guide.hair_top * frameHeight;
  const chin = y + guide.chin * frameHeight;
  return {
    frame: { x, y, width: frameWidth, height: frameHeight },
    oval: { cx: width / 2, cy: (top + chin) / 2, rx: (guide.face_width * frameWidth) / 2, ry: (chin - top) / 2 },
    eyeY: y + guide.eye_line * frameHeight,
  };
}

export type MarkName = "left_eye" | "right_eye" | "crown" | "chin";
export const MARK_NAMES: readonly MarkName[] = ["left_eye", "right_eye", "chin", "crown"];

export interface Point {
  x: number;
  y: number;
}

/** Keeps a point inside the picture. */
export function clampPoint(point: Point, width: number, height: number): Point {
  return { x: Math.min(Math.max(point.x, 0), width - 1), y: Math.min(Math.max(point.y, 0), height - 1) };
}

/** What makes four points impossible as a face, so that it is said before anything is sent. */
export function marksFault(marks: Record<MarkName, Point>): "eyes_swapped" | "upside_down" | null {
  if (marks.left_eye.x >= marks.right_eye.x) return "eyes_swapped";
  const eyes = (marks.left_eye.y + marks.right_eye.y) / 2;
  return marks.crown.y < eyes && eyes < marks.chin.y ? null : "upside_down";
}
