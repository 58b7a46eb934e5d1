// What a price component can be charged for. A reservation, and one that expired, have charges of their own.

/** OCPI's dimensions of a price component (TariffDimensionType). */
export const componentTypes = ["ENERGY", "TIME", "PARKING_TIME", "FLAT"] as const;
export type ComponentType = (typeof componentTypes)[number];

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

/** What a component of an element with that restriction can be charged for. */
export function chargeOf(type: ComponentType, reservation: "RESERVATION" | "RESERVATION_EXPIRES" | undefined): Charge {
  switch (reservation) {
    case undefined:
      return type;
    case "RESERVATION":
      return type === "FLAT" ? "RESERVATION_FLAT" : "RESERVATION_TIME";
    case "RESERVATION_EXPIRES":
      return type === "FLAT" ? "EXPIRY_FLAT" : "EXPIRY_TIME";
    default:
      return reservation satisfies never;
  }
}
