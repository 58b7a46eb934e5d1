// Texts that others wrote, on their way to paper or a terminal.

/** Control characters, line separators and marks that turn the direction of writing, each as `mark`. */
export const printable = (text: string, mark: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, mark);
