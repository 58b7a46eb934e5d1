// Currencies as ZVT names them: by their number.

/** The number of a currency as ZVT wants it (ISO 4217). */
export function zvtCurrency(currency: string): string {
  const number = currencyNumbers.get(currency);
  if (number === undefined) throw new RangeError(`the terminal's driver does not know the currency ${currency}`);
  return number;
}
const currencyNumbers: ReadonlyMap<string, string> = new Map([
  ["CHF", "0756"],
  ["CZK", "0203"],
  ["DKK", "0208"],
  ["EUR", "0978"],
  ["GBP", "0826"],
  ["HUF", "0348"],
  ["NOK", "0578"],
  ["PLN", "0985"],
  ["SEK", "0752"],
]);
