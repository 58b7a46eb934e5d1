// The driver's page in the config: where it listens, how a phone gets there, and what it may do.
import { isIP } from "node:net";
import { z } from "zod";
import { durationFieldOr, textField } from "./schema-fields.js";

const port = z.int().min(1).max(65_535);

const notABlock = "expected an address or a block such as 127.0.0.1 or 10.0.0.0/8";
/** An address, or a block of addresses with its prefix length. */
const addressBlock = z
  .string()
  .regex(/^([\d.]{7,15}|[0-9a-fA-F:]{2,39})(\/\d{1,3})?$/, { error: notABlock, abort: true })
  .refine((text) => {
    const [address = "", prefix = "0"] = text.split("/");
    return isIP(address) !== 0 && Number(prefix) <= (isIP(address) === 4 ? 32 : 128);
  }, notABlock);

/** The origin that a phone opens, which a code leads to. */
const origin = z
  .url()
  .refine(
    (text) => /^https?:\/\/[^/?#@]+\/?$/.test(text),
    "expected http:// or https:// with a host and no path, such as https://ct-0001.example.org",
  );

export const pageSchema = z
  .strictObject({
    listen: z
      .strictObject({ host: z.union([z.ipv4(), z.ipv6()]).default("127.0.0.1"), port: port.default(8080) })
      .prefault({}),
    reach: z
      .enum(["proxy", "hotspot", "lan"])
      .describe(
        "how a phone gets to the page: through the operator's reverse proxy, the station's own Wi-Fi, or the site's network",
      ),
    address: origin.describe("what the codes lead to: the address at which a phone opens the page"),
    trustedProxies: z
      .array(addressBlock)
      .max(16)
      .default([])
      .describe("whose word about the client's address (X-Forwarded-For) is believed"),
    wifi: z
      .strictObject({ name: textField(32), password: z.string().min(8).max(63).optional() })
      .optional()
      .describe("the network that a phone must join first: its code stands beside the page's"),
    display: port.optional().describe("the port of the display at the bay; on this machine alone"),
    socket: z
      .string()
      .startsWith("/", "expected an absolute path")
      .default("/run/chargetill-page/page.sock")
      .describe("where station and page meet; the Debian package has this folder"),
    links: durationFieldOr("30d", "1d", "90d").describe("how long the link of a session leads to its receipt"),
    stop: z.boolean().default(false).describe("whoever holds the link of a session may end it from the page"),
  })
  .superRefine((page, context) => {
    const fault = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (page.reach === "hotspot" && page.wifi === undefined)
      fault("wifi", "name the network: a phone on mobile data cannot open the page without it");
    if (page.reach === "proxy" && page.trustedProxies.length === 0)
      fault("trustedProxies", "name the proxy: without it all clients look like one");
    if (page.display !== undefined && page.display === page.listen.port)
      fault("display", "expected another port than listen.port: the display shows what is not for everybody");
  });
