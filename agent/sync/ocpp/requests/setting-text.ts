// The text of a setting as a CSMS writes it, in the device model of 2.x and in the keys of 1.6 alike.

export type SettingBounds = { readonly least: number; readonly most: number };

/** Takes the text of a value; the answer is a reason code against it. */
type TakeText = (text: string) => string | undefined;

/** A whole number within its bounds. */
export const takeNumber =
  ({ least, most }: SettingBounds, put: (value: number) => void): TakeText =>
  (text) => {
    if (!/^\d{1,9}$/.test(text)) return "InvalidValue";
    const value = Number(text);
    if (value < least) return "ValueTooLow";
    if (value > most) return "ValueTooHigh";
    put(value);
    return undefined;
  };

/** `true` or `false`, in letters of either case. */
export const takeFlag =
  (put: (on: boolean) => void): TakeText =>
  (text) => {
    const word = text.toLowerCase();
    if (word !== "true" && word !== "false") return "InvalidValue";
    put(word === "true");
    return undefined;
  };
