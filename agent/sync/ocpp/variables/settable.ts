// What a CSMS may set of the device model: each value is checked, put into force and kept.
import type { RequestContext } from "../requests/request-context.js";
import { type SettingBounds, takeFlag, takeNumber } from "../requests/setting-text.js";
import { intervalBounds, type KeptSettings, reconnectBounds } from "../requests/settings.js";
import type { Reconnect } from "../rpc/reconnect.js";
import { longestPasswordOf, takePassword, usePassword } from "../security/basic-auth-password.js";
import { networkSlots, takePriority } from "../security/security-profile.js";
import type { Attributes } from "./variable.js";

const settableNumber = (bounds: SettingBounds, put: (value: number) => void): Attributes => ({
  mutability: "ReadWrite",
  ...bounds,
  set: takeNumber(bounds, put),
});

const settableFlag = (put: (on: boolean) => void): Attributes => ({ mutability: "ReadWrite", set: takeFlag(put) });

/** How a lost line is tried again. `put` = what the value means for it. */
export const settableReconnect =
  (key: keyof typeof reconnectBounds, put: (value: number) => Partial<Reconnect>) =>
  ({ link, settings }: RequestContext): Attributes =>
    settableNumber(reconnectBounds[key], (value) => {
      settings.keep({ [key]: value });
      link.reconnect = { ...link.reconnect, ...put(value) };
    });

/** An interval in seconds; `keep` = what of it lasts over a restart. */
export const settableInterval =
  (key: keyof typeof intervalBounds, keep: (value: number) => KeptSettings | undefined) =>
  ({ link, settings }: RequestContext): Attributes => ({
    unit: "s",
    ...settableNumber(intervalBounds[key], (value) => {
      const kept = keep(value);
      if (kept !== undefined) settings.keep(kept);
      link.setIntervals({ [key]: value });
    }),
  });

/** Whether tariffs of the CSMS are taken (2.1). */
export const settableTariffs = ({ settings }: RequestContext): Attributes => ({
  instance: "Tariff",
  ...settableFlag((tariffs) => settings.keep({ tariffs })),
});

/** Whether the cost so far is told while a session runs (2.1). */
export const settableRunningCost = ({ link, settings }: RequestContext): Attributes => ({
  instance: "RunningCost",
  ...settableFlag((runningCost) => {
    settings.keep({ runningCost });
    link.sendsRunningCost = runningCost;
  }),
});

/** The password of basic auth, which is never read out. */
export const settablePassword = (context: RequestContext): Attributes => ({
  mutability: "WriteOnly",
  most: longestPasswordOf(context),
  set: (text) => takePassword(context, text),
  afterwards: () => usePassword(context),
});

/** The slots of network profiles (2.x); the first is used with the next connection. */
export const settablePriority = (context: RequestContext): Attributes => ({
  dataType: "SequenceList",
  valuesList: [...networkSlots(context)].sort((one, other) => one - other).join(","),
  mutability: "ReadWrite",
  set: (text) => takePriority(context, text),
});

/** Whether the public key goes with signed values. */
export const settablePublicKey = ({ link, settings }: RequestContext): Attributes => ({
  dataType: "OptionList",
  valuesList: "Never,OncePerTransaction",
  mutability: "ReadWrite",
  set: (text) => {
    if (text !== "Never" && text !== "OncePerTransaction") return "InvalidValue";
    link.sendsPublicKey = text !== "Never";
    settings.keep({ publicKey: link.sendsPublicKey });
    return undefined;
  },
});
