// Makes pictures out of bytes.
import { isBearable, isPlainJpeg } from "./pictures.js";

/** The picture, or null for what is none. */
export async function bitmapOf(payload, type) {
  if (type === null || !isBearable(payload, type)) return null;
  try {
    if ("ImageDecoder" in window && isPlainJpeg(payload, type)) return await quickly(payload, type);
    return await createImageBitmap(new Blob([payload], { type }));
  } catch {
    return null;
  }
}

/**
 * A Blob is made known to another process, for which the page has to wait: that is a quarter of what a picture costs. This
 * decoder does without, but turns no picture upright.
 */
async function quickly(data, type) {
  const decoder = new ImageDecoder({ data, type });
  try {
    const { image } = await decoder.decode();
    try {
      return await createImageBitmap(image);
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}
