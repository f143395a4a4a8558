// Pictures out of the live camera.

const PHOTO_QUALITY = 0.95;
const FRAME_QUALITY = 0.7;

/** The whole frame, never the mirrored preview and never only the guide's inside. */
export function grab(video: HTMLVideoElement): Promise<Blob | null> {
  return draw(document.createElement("canvas"), video, video.videoWidth, video.videoHeight, false, PHOTO_QUALITY);
}

/** A small preview frame, mirrored where the preview is, so that "right" in the words is right on the screen. */
export function glimpse(canvas: HTMLCanvasElement, video: HTMLVideoElement, size: { width: number; height: number }, mirror: boolean): Promise<Blob | null> {
  return draw(canvas, video, size.width, size.height, mirror, FRAME_QUALITY);
}

function draw(canvas: HTMLCanvasElement, video: HTMLVideoElement, width: number, height: number, mirror: boolean, quality: number): Promise<Blob | null> {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (mirror) context?.setTransform(-1, 0, 0, 1, width, 0);
  context?.drawImage(video, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}
