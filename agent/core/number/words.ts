// The words in which prices are explained, per language. Only words: what is said, and in which order, stands in
// explain.ts.

import type { Language } from "../../../config/languages.js";
import type { DecimalMark } from "./local-number.js";

export type Words = {
  readonly decimal: DecimalMark;
  readonly free: string;
  readonly always: string;
  readonly otherwise: string;
  readonly or: string;
  readonly energy: string;
  readonly charging: string;
  readonly session: string;
  readonly idle: string;
  readonly reservation: string;
  readonly reservationFee: string;
  readonly expiry: string;
  readonly expiryFee: string;
  readonly minimum: string;
  readonly maximum: string;
  /** The station's own grace before the idle fee. */
  readonly graceFree: (duration: string) => string;
  readonly perKwh: string;
  readonly perMinute: string;
  readonly perSession: string;
  readonly once: string;
  readonly inclTax: (percent: string) => string;
  readonly exclTax: (percent: string) => string;
  readonly taxInside: string;
  readonly noTax: string;
  /** Tax comes on top, at a rate that the tariff does not state. */
  readonly taxOnTop: string;
  readonly window: (from: string, to: string) => string;
  readonly fromTime: (time: string) => string;
  readonly untilTime: (time: string) => string;
  readonly fromDate: (date: string) => string;
  readonly untilDate: (date: string) => string;
  readonly days: readonly [string, string, string, string, string, string, string];
  readonly on: (days: string) => string;
  readonly atLeast: (value: string) => string;
  readonly below: (value: string) => string;
  readonly after: (duration: string) => string;
  readonly first: (duration: string) => string;
  readonly steps: (step: string) => string;
  readonly validFrom: (text: string) => string;
  readonly validUntil: (text: string) => string;
  readonly changes: (text: string) => string;
  readonly used: {
    readonly charging: (duration: string) => string;
    readonly idle: (duration: string) => string;
    readonly idleAfter: (duration: string, grace: string) => string;
    readonly reserved: (duration: string) => string;
    readonly expired: (duration: string) => string;
    readonly more: (surplus: string) => string;
  };
  readonly plusTax: (percent: string) => string;
  readonly raised: (amount: string) => string;
  readonly capped: (amount: string) => string;
};

const en: Words = {
  graceFree: (duration) => `the first ${duration} are free`,
  decimal: ".",
  free: "free",
  always: "always",
  otherwise: "otherwise",
  or: "or",
  energy: "Energy",
  charging: "Charging time",
  session: "Start fee",
  idle: "Idle fee (the car asks for no power)",
  reservation: "Reservation",
  reservationFee: "Reservation fee",
  expiry: "Reservation not used",
  expiryFee: "Fee for a reservation not used",
  minimum: "At least",
  maximum: "At most",
  perKwh: "per kWh",
  perMinute: "per minute",
  perSession: "per session",
  once: "once",
  inclTax: (percent) => `incl. ${percent} % VAT`,
  exclTax: (percent) => `excl. ${percent} % VAT`,
  taxInside: "incl. tax",
  noTax: "no tax",
  taxOnTop: "plus tax",
  window: (from, to) => `from ${from} to ${to}`,
  fromTime: (time) => `from ${time}`,
  untilTime: (time) => `until ${time}`,
  fromDate: (date) => `from ${date}`,
  untilDate: (date) => `before ${date}`,
  days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
  on: (days) => `on ${days}`,
  atLeast: (value) => `from ${value}`,
  below: (value) => `below ${value}`,
  after: (duration) => `after ${duration}`,
  first: (duration) => `in the first ${duration}`,
  steps: (step) => `billed in steps of ${step}`,
  validFrom: (text) => `Valid from ${text}`,
  validUntil: (text) => `Valid until ${text}`,
  changes: (text) => `Next change: ${text}`,
  used: {
    charging: (duration) => `${duration} charging`,
    idle: (duration) => `${duration} idle`,
    idleAfter: (duration, grace) => `${duration} idle after ${grace} grace`,
    reserved: (duration) => `${duration} reserved`,
    expired: (duration) => `${duration} reserved and not used`,
    more: (surplus) => `${surplus} of it by the step`,
  },
  plusTax: (percent) => `plus ${percent} % VAT`,
  raised: (amount) => `raised to the minimum of ${amount}`,
  capped: (amount) => `held at the maximum of ${amount}`,
};

const de: Words = {
  graceFree: (duration) => `die ersten ${duration} sind frei`,
  decimal: ",",
  free: "kostenlos",
  always: "immer",
  otherwise: "sonst",
  or: "oder",
  energy: "Energie",
  charging: "Ladezeit",
  session: "Startgebühr",
  idle: "Standgebühr (das Auto nimmt keinen Strom ab)",
  reservation: "Reservierung",
  reservationFee: "Reservierungsgebühr",
  expiry: "Nicht genutzte Reservierung",
  expiryFee: "Gebühr für eine nicht genutzte Reservierung",
  minimum: "Mindestens",
  maximum: "Höchstens",
  perKwh: "pro kWh",
  perMinute: "pro Minute",
  perSession: "pro Ladevorgang",
  once: "einmalig",
  inclTax: (percent) => `inkl. ${percent} % MwSt.`,
  exclTax: (percent) => `zzgl. ${percent} % MwSt.`,
  taxInside: "inkl. Steuern",
  noTax: "ohne Steuern",
  taxOnTop: "zzgl. Steuern",
  window: (from, to) => `von ${from} bis ${to} Uhr`,
  fromTime: (time) => `ab ${time} Uhr`,
  untilTime: (time) => `bis ${time} Uhr`,
  fromDate: (date) => `ab ${date}`,
  untilDate: (date) => `vor dem ${date}`,
  days: ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
  on: (days) => `am ${days}`,
  atLeast: (value) => `ab ${value}`,
  below: (value) => `unter ${value}`,
  after: (duration) => `nach ${duration}`,
  first: (duration) => `in den ersten ${duration}`,
  steps: (step) => `abgerechnet je angefangene ${step}`,
  validFrom: (text) => `Gültig ab ${text}`,
  validUntil: (text) => `Gültig bis ${text}`,
  changes: (text) => `Nächste Änderung: ${text}`,
  used: {
    charging: (duration) => `${duration} geladen`,
    idle: (duration) => `${duration} Standzeit`,
    idleAfter: (duration, grace) => `${duration} Standzeit nach ${grace} Freizeit`,
    reserved: (duration) => `${duration} reserviert`,
    expired: (duration) => `${duration} reserviert und nicht genutzt`,
    more: (surplus) => `davon ${surplus} durch die Taktung`,
  },
  plusTax: (percent) => `zzgl. ${percent} % MwSt.`,
  raised: (amount) => `auf den Mindestbetrag von ${amount} angehoben`,
  capped: (amount) => `auf den Höchstbetrag von ${amount} begrenzt`,
};

const fr: Words = {
  graceFree: (duration) => `les premières ${duration} sont gratuites`,
  decimal: ",",
  free: "gratuit",
  always: "toujours",
  otherwise: "sinon",
  or: "ou",
  energy: "Énergie",
  charging: "Temps de charge",
  session: "Frais de démarrage",
  idle: "Frais d’occupation (la voiture ne demande pas de courant)",
  reservation: "Réservation",
  reservationFee: "Frais de réservation",
  expiry: "Réservation non utilisée",
  expiryFee: "Frais de réservation non utilisée",
  minimum: "Au moins",
  maximum: "Au plus",
  perKwh: "par kWh",
  perMinute: "par minute",
  perSession: "par session",
  once: "une fois",
  inclTax: (percent) => `TVA ${percent} % comprise`,
  exclTax: (percent) => `hors TVA ${percent} %`,
  taxInside: "taxes comprises",
  noTax: "sans taxe",
  taxOnTop: "hors taxes",
  window: (from, to) => `de ${from} à ${to}`,
  fromTime: (time) => `à partir de ${time}`,
  untilTime: (time) => `jusqu’à ${time}`,
  fromDate: (date) => `à partir du ${date}`,
  untilDate: (date) => `avant le ${date}`,
  days: ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
  on: (days) => `le ${days}`,
  atLeast: (value) => `à partir de ${value}`,
  below: (value) => `moins de ${value}`,
  after: (duration) => `après ${duration}`,
  first: (duration) => `pendant les premières ${duration}`,
  steps: (step) => `facturé par tranche de ${step}`,
  validFrom: (text) => `Valable à partir du ${text}`,
  validUntil: (text) => `Valable jusqu’au ${text}`,
  changes: (text) => `Prochain changement : ${text}`,
  used: {
    charging: (duration) => `${duration} de charge`,
    idle: (duration) => `${duration} d’occupation`,
    idleAfter: (duration, grace) => `${duration} d’occupation après ${grace} de franchise`,
    reserved: (duration) => `${duration} de réservation`,
    expired: (duration) => `${duration} de réservation non utilisée`,
    more: (surplus) => `dont ${surplus} par la tranche`,
  },
  plusTax: (percent) => `plus ${percent} % de TVA`,
  raised: (amount) => `porté au minimum de ${amount}`,
  capped: (amount) => `limité au maximum de ${amount}`,
};

const es: Words = {
  graceFree: (duration) => `los primeros ${duration} son gratis`,
  decimal: ",",
  free: "gratis",
  always: "siempre",
  otherwise: "en otro caso",
  or: "o",
  energy: "Energía",
  charging: "Tiempo de carga",
  session: "Tarifa de inicio",
  idle: "Ocupación (el coche no pide corriente)",
  reservation: "Reserva",
  reservationFee: "Tarifa de reserva",
  expiry: "Reserva no utilizada",
  expiryFee: "Tarifa por reserva no utilizada",
  minimum: "Como mínimo",
  maximum: "Como máximo",
  perKwh: "por kWh",
  perMinute: "por minuto",
  perSession: "por sesión",
  once: "una vez",
  inclTax: (percent) => `IVA del ${percent} % incluido`,
  exclTax: (percent) => `sin IVA del ${percent} %`,
  taxInside: "impuestos incluidos",
  noTax: "sin impuestos",
  taxOnTop: "más impuestos",
  window: (from, to) => `de ${from} a ${to}`,
  fromTime: (time) => `desde las ${time}`,
  untilTime: (time) => `hasta las ${time}`,
  fromDate: (date) => `desde el ${date}`,
  untilDate: (date) => `antes del ${date}`,
  days: ["lun.", "mar.", "mié.", "jue.", "vie.", "sáb.", "dom."],
  on: (days) => `los ${days}`,
  atLeast: (value) => `desde ${value}`,
  below: (value) => `menos de ${value}`,
  after: (duration) => `después de ${duration}`,
  first: (duration) => `en los primeros ${duration}`,
  steps: (step) => `facturado en tramos de ${step}`,
  validFrom: (text) => `Válido desde ${text}`,
  validUntil: (text) => `Válido hasta ${text}`,
  changes: (text) => `Próximo cambio: ${text}`,
  used: {
    charging: (duration) => `${duration} de carga`,
    idle: (duration) => `${duration} de ocupación`,
    idleAfter: (duration, grace) => `${duration} de ocupación tras ${grace} de cortesía`,
    reserved: (duration) => `${duration} de reserva`,
    expired: (duration) => `${duration} de reserva no utilizada`,
    more: (surplus) => `de ellos ${surplus} por el tramo`,
  },
  plusTax: (percent) => `más ${percent} % de IVA`,
  raised: (amount) => `elevado al mínimo de ${amount}`,
  capped: (amount) => `limitado al máximo de ${amount}`,
};

const nl: Words = {
  graceFree: (duration) => `de eerste ${duration} zijn gratis`,
  decimal: ",",
  free: "gratis",
  always: "altijd",
  otherwise: "anders",
  or: "of",
  energy: "Energie",
  charging: "Laadtijd",
  session: "Starttarief",
  idle: "Blokkeertarief (de auto vraagt geen stroom)",
  reservation: "Reservering",
  reservationFee: "Reserveringskosten",
  expiry: "Niet gebruikte reservering",
  expiryFee: "Kosten voor een niet gebruikte reservering",
  minimum: "Ten minste",
  maximum: "Ten hoogste",
  perKwh: "per kWh",
  perMinute: "per minuut",
  perSession: "per sessie",
  once: "eenmalig",
  inclTax: (percent) => `incl. ${percent} % btw`,
  exclTax: (percent) => `excl. ${percent} % btw`,
  taxInside: "incl. belasting",
  noTax: "zonder belasting",
  taxOnTop: "plus belasting",
  window: (from, to) => `van ${from} tot ${to} uur`,
  fromTime: (time) => `vanaf ${time} uur`,
  untilTime: (time) => `tot ${time} uur`,
  fromDate: (date) => `vanaf ${date}`,
  untilDate: (date) => `vóór ${date}`,
  days: ["ma", "di", "wo", "do", "vr", "za", "zo"],
  on: (days) => `op ${days}`,
  atLeast: (value) => `vanaf ${value}`,
  below: (value) => `onder ${value}`,
  after: (duration) => `na ${duration}`,
  first: (duration) => `in de eerste ${duration}`,
  steps: (step) => `afgerekend per ${step}`,
  validFrom: (text) => `Geldig vanaf ${text}`,
  validUntil: (text) => `Geldig tot ${text}`,
  changes: (text) => `Volgende wijziging: ${text}`,
  used: {
    charging: (duration) => `${duration} geladen`,
    idle: (duration) => `${duration} bezet`,
    idleAfter: (duration, grace) => `${duration} bezet na ${grace} vrije tijd`,
    reserved: (duration) => `${duration} gereserveerd`,
    expired: (duration) => `${duration} gereserveerd en niet gebruikt`,
    more: (surplus) => `waarvan ${surplus} door de stap`,
  },
  plusTax: (percent) => `plus ${percent} % btw`,
  raised: (amount) => `verhoogd tot het minimum van ${amount}`,
  capped: (amount) => `begrensd op het maximum van ${amount}`,
};

export const wordsOf: Readonly<Record<Language, Words>> = { en, de, fr, es, nl };
