export function receiptText(jws: string, _options: { language: string; columns: number }): string { return jws.slice(0, 60); }
