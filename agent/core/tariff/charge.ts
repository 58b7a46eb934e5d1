// What a price component can be charged for. A reservation, and one that expired, have charges of their own.

export type ComponentType = "ENERGY" | "TIME" | "PARKING_TIME" | "FLAT";
export type Charge = ComponentType | "RESERVATION_TIME" | "RESERVATION_FLAT" | "EXPIRY_TIME" | "EXPIRY_FLAT";

export const allCharges: readonly Charge[] = [
  "ENERGY",
  "TIME",
  "PARKING_TIME",
  "FLAT",
  "RESERVATION_TIME",
  "RESERVATION_FLAT",
  "EXPIRY_TIME",
  "EXPIRY_FLAT",
];

/** What is priced per hour. */
export const isTime = (charge: Charge): boolean =>
  charge === "TIME" || charge === "PARKING_TIME" || charge === "RESERVATION_TIME" || charge === "EXPIRY_TIME";

/** What is charged once, whatever passes while it holds. */
export const isFee = (charge: Charge): boolean =>
  charge === "FLAT" || charge === "RESERVATION_FLAT" || charge === "EXPIRY_FLAT";

/** What is charged for a reservation, used or not. */
export const isOfReservation = (charge: Charge): boolean =>
  charge === "RESERVATION_TIME" ||
  charge === "RESERVATION_FLAT" ||
  charge === "EXPIRY_TIME" ||
  charge === "EXPIRY_FLAT";
