// Chromium with a camera that is a file, made from the test photo where that is present.

import { chromium, type Browser } from "@playwright/test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const RESULTS = resolve(import.meta.dirname, "../test-results");
const PHOTO = resolve(import.meta.dirname, "../../models/weights/astronaut.png");

export const SCREENS = join(RESULTS, "screens");

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];

function start(args: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args });
}

export interface Equipment {
  browser: Browser;
  /** The same picture as a JPEG file, for uploads. */
  photo: string;
  /** It shows a real face (the test photo was here). */
  hasFace: boolean;
}

/** Launches twice: the first browser paints the frames, the second looks at them through its camera. */
export async function equip(): Promise<Equipment> {
  mkdirSync(SCREENS, { recursive: true });
  const painter = await start(ARGS);
  const hasFace = existsSync(PHOTO);
  const page = await painter.newPage();
  const source = hasFace ? `data:image/png;base64,${readFileSync(PHOTO).toString("base64")}` : null;
  const frame = await page.evaluate(paint, { source, limited: true });
  const still = await page.evaluate(paint, { source, limited: false });
  await painter.close();
  const camera = join(RESULTS, "camera.mjpeg");
  const photo = join(RESULTS, "photo.jpg");
  const bytes = Buffer.from(frame, "base64");
  writeFileSync(camera, Buffer.concat([bytes, bytes, bytes]));
  writeFileSync(photo, Buffer.from(still, "base64"));
  const browser = await start([...ARGS, `--use-file-for-fake-video-capture=${camera}`]);
  return { browser, photo, hasFace };
}

/** Runs in the page: one frame as base64 JPEG. A camera file is read as limited range, so its values are squeezed first. */
async function paint({ source, limited }: { source: string | null; limited: boolean }): Promise<string> {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 960;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  context.fillStyle = "#f2f2f2";
  context.fillRect(0, 0, 1280, 960);
  if (source === null) {
    context.fillStyle = "#caa084";
    context.beginPath();
    context.ellipse(640, 430, 150, 205, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = "#24324a";
    context.fillRect(400, 690, 480, 270);
    context.fillStyle = "#222";
    for (const x of [580, 700]) context.fillRect(x - 18, 390, 36, 16);
    context.fillRect(585, 520, 110, 12);
  } else {
    const image = new Image();
    image.src = source;
    await image.decode();
    // Head and shoulders of the test photo, upright in the middle.
    // Its first line is drawn out upwards, because the hair all but touches the edge.
    context.drawImage(image, 20, 0, 400, 1, 0, 0, 1280, 120);
    context.drawImage(image, 20, 0, 400, 300, 0, 120, 1280, 960);
  }
  if (limited) {
    const pixels = context.getImageData(0, 0, 1280, 960);
    for (let at = 0; at < pixels.data.length; at++) {
      if (at % 4 !== 3) pixels.data[at] = 16 + ((pixels.data[at] ?? 0) * 219) / 255;
    }
    context.putImageData(pixels, 0, 0);
  }
  return canvas.toDataURL("image/jpeg", 0.95).split(",")[1] ?? "";
}
