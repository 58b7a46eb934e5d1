// Style and script, read once, under addresses that change with their content, so that browsers may keep them.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageStyle } from "../views/page-style.js";

type Asset = { readonly path: string; readonly type: string; readonly body: string };

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "browser");

/** A file under an address that changes with its content. */
export const assetOf = (name: string, ending: string, type: string, body: string): Asset => ({
  path: `/${name}-${createHash("sha256").update(body).digest("hex").slice(0, 12)}.${ending}`,
  type: `${type}; charset=utf-8`,
  body,
});

const script = readFileSync(join(folder, "live-script.js"), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");

export const styleAsset = assetOf("page", "css", "text/css", pageStyle.replaceAll(/\n+/g, "\n"));
export const scriptAsset = assetOf("live", "js", "text/javascript", script);
