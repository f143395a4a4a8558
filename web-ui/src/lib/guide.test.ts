import { expect, test } from "vitest";
import { cameraTrouble } from "./camera";
import { clampPoint, guideShape, marksFault } from "./guide";

const guide = { aspect: 0.8, hair_top: 0.1, chin: 0.8, eye_line: 0.45, face_width: 0.6 };

test("the frame keeps its shape and stays inside, wide or narrow", () => {
  for (const [width, height] of [[1920, 1080], [600, 1080]] as const) {
    const { frame, oval, eyeY } = guideShape(guide, width, height);
    expect(frame.width / frame.height).toBeCloseTo(0.8);
    expect(frame.x).toBeGreaterThan(0);
    expect(frame.x + frame.width).toBeLessThan(width);
    expect(oval.cy - oval.ry).toBeCloseTo(frame.y + 0.1 * frame.height);
    expect(eyeY).toBeGreaterThan(oval.cy - oval.ry);
    expect(eyeY).toBeLessThan(oval.cy + oval.ry);
  }
});

test("marks stay in the picture and must look like a face", () => {
  expect(clampPoint({ x: -5, y: 900 }, 100, 200)).toEqual({ x: 0, y: 199 });
  const marks = { left_eye: { x: 40, y: 50 }, right_eye: { x: 60, y: 50 }, chin: { x: 50, y: 90 }, crown: { x: 50, y: 10 } };
  expect(marksFault(marks)).toBeNull();
  expect(marksFault({ ...marks, left_eye: { x: 70, y: 50 } })).toBe("eyes_swapped");
  expect(marksFault({ ...marks, chin: { x: 50, y: 20 } })).toBe("upside_down");
});

test("each camera trouble is told apart", () => {
  const named = (name: string) => Object.assign(new Error(""), { name });
  expect(cameraTrouble(null)).toBe("insecure");
  expect(cameraTrouble(named("NotAllowedError"))).toBe("denied");
  expect(cameraTrouble(named("NotFoundError"))).toBe("none");
  expect(cameraTrouble(named("NotReadableError"))).toBe("busy");
  expect(cameraTrouble("?")).toBe("other");
});
