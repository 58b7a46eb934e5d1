// Asks a CSMS about a card while its driver waits, and takes up the tariff that may come with the answer (2.1).
import type { OnlineAnswer } from "../../../core/cdr/token.js";
import type { Dialect } from "../rpc/frame.js";
import { callFailure, type RpcCall } from "../rpc/rpc.js";
import { authorizeAnswer, authorizePayload, type Party, tariffIn } from "./authorize.js";

/**
 * A tariff that came with an answer. Wanted and without an id: it cannot be priced here exactly, so nothing may be sold
 * by it.
 */
export type TakenTariff = { readonly wanted: false } | { readonly wanted: true; readonly id: string | undefined };

export type AskAboutCardParts = {
  readonly party: Party;
  readonly takeTariff: (tariff: unknown) => TakenTariff;
  readonly note: (text: string) => void;
};

/** Undefined = no answer: refused, lost, or given up by `signal`. */
export async function askAboutCard(
  rpc: { readonly dialect: Dialect; readonly call: RpcCall },
  uid: string,
  { party, takeTariff, note }: AskAboutCardParts,
  signal: AbortSignal,
): Promise<OnlineAnswer | undefined> {
  const payload = await new Promise<unknown>((resolve, reject) => {
    const givenUp = (): void => resolve(undefined);
    if (signal.aborted) return givenUp();
    signal.addEventListener("abort", givenUp, { once: true });
    void rpc
      .call("Authorize", authorizePayload(rpc.dialect, uid))
      .catch((error: unknown) => void callFailure(error))
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", givenUp));
  });
  if (payload === undefined) return undefined;
  const tariff = rpc.dialect === "ocpp2.1" ? tariffIn(payload) : undefined;
  const taken: TakenTariff = tariff === undefined ? { wanted: false } : takeTariff(tariff);
  const answer = authorizeAnswer(payload, uid, party, taken.wanted ? taken.id : undefined);
  if (answer?.allowed !== "ALLOWED" || !taken.wanted || taken.id !== undefined) return answer;
  note("the tariff that came with a card cannot be priced exactly here: the card is refused");
  return { allowed: "NOT_ALLOWED", info: "your tariff is not known here" };
}
