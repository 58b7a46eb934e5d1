// A QR code as a phone reads it from a screen: found anywhere in a picture that a browser has taken.
import jsqr from "jsqr";
import type { Browser } from "puppeteer-core";

const decode = (jsqr as unknown as { default: typeof jsqr.default }).default;

/** The text of the code in a picture of so many dots, four bytes each; undefined where none is found. */
export const codeInDots = (dots: Uint8ClampedArray, width: number, height: number): string | undefined =>
  decode(dots, width, height)?.data;

type Dots = { readonly bytes: string; readonly width: number; readonly height: number };

/** The text of the code in a PNG; undefined where none is found. */
export async function codeInPicture(browser: Browser, png: Uint8Array): Promise<string | undefined> {
  const page = await browser.newPage();
  const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const { bytes, width, height } = await page.evaluate(dotsOf, source);
  await page.close();
  return codeInDots(new Uint8ClampedArray(Buffer.from(bytes, "base64")), width, height);
}

/** Runs in the browser: the dots of a picture, four bytes each. */
async function dotsOf(source: string): Promise<Dots> {
  type Drawn = {
    drawImage(image: unknown, x: number, y: number): void;
    getImageData(...at: number[]): { data: Uint8Array };
  };
  type Parts = {
    readonly Image: new () => { src: string; decode(): Promise<void>; readonly width: number; readonly height: number };
    readonly OffscreenCanvas: new (width: number, height: number) => { getContext(kind: string): Drawn };
    btoa(text: string): string;
  };
  const { Image, OffscreenCanvas, btoa } = globalThis as unknown as Parts;
  const image = new Image();
  image.src = source;
  await image.decode();
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return { bytes: btoa(text), width, height };
}
