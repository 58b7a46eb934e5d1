// The HTTPS uplink: posts settled sessions as OCPI CDRs to one receiver (mod_cdrs, Receiver Interface, POST).

import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { heldOutcome, type Outcome, type Uplink, type UplinkItem } from "../uplink.js";
import { OcpiLine, type OcpiParty, redirectTarget } from "./ocpi-line.js";
import { judgeAnswer, judgeLost, shownAddress } from "./ocpi-verdict.js";

/**
 * The newest checkpoint goes beside the CDR, not in it: all copies of a CDR are byte-equal for ever. Base64, since a
 * note has lines.
 */
const checkpointHeader = "X-Chargetill-Checkpoint";

const mostRedirects = 3;

export class OcpiUplink implements Uplink {
  readonly name: string;
  readonly #config: OcpiUplinkConfig;
  readonly #line: OcpiLine;
  readonly #url: URL;

  /**
   * `checkpoint` is the signed note over all receipts so far, asked at each send: whoever keeps it can tell when any
   * receipt is removed later. Throws Failure config/invalid where the token would travel in the open.
   */
  constructor(
    config: OcpiUplinkConfig,
    from: OcpiParty,
    clock: Clock,
    private readonly checkpoint: () => string = () => "",
  ) {
    this.name = config.name;
    this.#config = config;
    this.#url = new URL(config.url);
    this.#line = new OcpiLine(config, from, this.#url, clock);
  }

  async send(item: UplinkItem, signal: AbortSignal): Promise<Outcome> {
    const token = this.#line.ready();
    if (typeof token !== "string") return heldOutcome(token.why);
    let url = this.#url;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#line.ask(
        { method: "POST", url, body: item.body, headers: this.#headers(item), timeoutMs: this.#config.timeout },
        token,
        signal,
      );
      if (answer.kind === "lost") return judgeLost(answer, url);
      if (answer.status !== 307 && answer.status !== 308) {
        const tokenLooksEncoded = this.#line.looksEncoded(token);
        return judgeAnswer(answer, {
          url,
          tokenFile: this.#config.tokenFile,
          tokenLooksEncoded,
          envelope: this.#config.envelope,
        });
      }
      const next = redirectTarget(answer, url);
      if (next === undefined || redirects === mostRedirects)
        return heldOutcome(`${shownAddress(url)} redirects without end or without a target: check the uplink's url`);
      if (next.origin !== url.origin)
        return heldOutcome(
          `${shownAddress(url)} redirects to ${next.origin}, which is not followed since the token would leak: check the uplink's url`,
        );
      url = next;
    }
  }

  close(): void {
    this.#line.close();
  }

  #headers(item: UplinkItem): Record<string, string> {
    const checkpoint = this.checkpoint();
    return {
      ...(checkpoint === "" ? {} : { [checkpointHeader]: Buffer.from(checkpoint, "utf8").toString("base64") }),
      "Content-Type": "application/json",
      // All copies of one CDR belong together.
      "X-Correlation-ID": item.id,
      "Idempotency-Key": item.id,
    };
  }
}
