// A push by hand: fetches and sends all that waits now. It may take longer than one question on the control socket may,
// so whoever asks is answered after a while with how far it has come, and asks again.
import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "./services/services.js";

/** Well within what the socket waits. */
const answerWithinMs = 5_000;

const running = new WeakMap<Services, Promise<void>>();

/** Begins, unless it runs already. */
export function startSync(services: Services): void {
  if (!running.has(services))
    running.set(
      services,
      pushAll(services).finally(() => running.delete(services)),
    );
}

/** Whether all is done, or something holds; answers false when it takes longer. */
export async function syncFinished(services: Services): Promise<boolean> {
  const work = running.get(services);
  if (work === undefined) return true;
  const over = new AbortController();
  const late = delay(answerWithinMs, false, { signal: over.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  over.abort();
  return done;
}

async function pushAll({ pulls, outboxes, paymentLines }: Services): Promise<void> {
  await Promise.all(pulls.map((pull) => pull.now()));
  await Promise.all(outboxes.map((outbox) => outbox.now()));
  // Payments go after the sessions that they pay.
  await Promise.all(paymentLines.map(({ outbox }) => outbox.now()));
}
