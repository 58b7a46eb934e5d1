// What programs ask for: the location and its tariffs as OCPI has them, the public key, the newest checkpoint.
import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { StationView } from "../link/station-link.js";
import { ocpiLocation, ocpiTariffs, versionFor } from "./ocpi-documents.js";
import { notYet, type RouteParts } from "./route-parts.js";

/** Maps and apps of other sites may read these; they say nothing that the page does not say to everybody. */
const open = { "Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache" };

/** Adds them to the app. */
export function addDataRoutes({ app, link }: RouteParts): void {
  const document = (path: string, type: string, body: (view: StationView) => string | undefined): void => {
    app.get(path, (request) => {
      const view = link.view();
      if (view === undefined) return notYet(request);
      const text = body(view);
      return text === undefined ? request.text("Not there yet.\n", 404) : tagged(request, type, text);
    });
  };
  const json = "application/json; charset=utf-8";
  const text = "text/plain; charset=utf-8";
  document("/locations.json", json, (view) => JSON.stringify([ocpiLocation(view)]));
  document("/tariffs.json", json, (view) => JSON.stringify(ocpiTariffs(view)));
  document("/key.pem", "application/x-pem-file", ({ key }) => key?.publicKeys);
  document("/checkpoint", text, ({ key }) => (key === undefined || key.checkpoint === "" ? undefined : key.checkpoint));
  document("/.well-known/chargetill.json", json, (view) =>
    JSON.stringify({
      station: view.hello.station.id,
      operator: view.hello.station.operator.name,
      version: view.hello.version,
      keyId: view.key?.keyId ?? "",
      publicKeys: "/key.pem",
      checkpoint: "/checkpoint",
      locations: "/locations.json",
      tariffs: "/tariffs.json",
      ocpiVersion: versionFor(view),
    }),
  );
}

/** With its digest, so that whoever has it already is not sent it again. */
function tagged(request: Context, type: string, body: string): Response {
  const tag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers = { ...open, ETag: tag };
  const known = (request.req.header("if-none-match") ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return known.includes(tag)
    ? request.body(null, 304, headers)
    : request.body(body, 200, { ...headers, "Content-Type": type });
}
