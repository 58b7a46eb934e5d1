// `/verify`: the verifier as a page in one file, with the policy that the file itself carries.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Hono } from "hono";

/** Made by build-pages.js. */
const file = new URL("../verify.html", import.meta.url);

type Served = { readonly plain: string; readonly packed: Uint8Array<ArrayBuffer>; readonly policy: string };
let served: Served | undefined;

/** Read when somebody asks for it. */
function verifier(): Served {
  if (served !== undefined) return served;
  const plain = readFileSync(file, "utf8");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(plain)?.[1] ?? "default-src 'none'";
  served = { plain, packed: new Uint8Array(gzipSync(plain)), policy: `${policy}; frame-ancestors 'none'` };
  return served;
}

/** Adds it to the app, under the name of the file too. */
export function addVerifyRoutes({ app }: { readonly app: Hono }): void {
  for (const path of ["/verify", "/verify.html"])
    app.get(path, (context) => {
      const { plain, packed, policy } = verifier();
      const headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        Vary: "Accept-Encoding",
      };
      return /\bgzip\b/.test(context.req.header("accept-encoding") ?? "")
        ? context.body(packed, 200, { ...headers, "Content-Encoding": "gzip" })
        : context.body(plain, 200, headers);
    });
}
