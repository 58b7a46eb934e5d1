// The words of a printed receipt in five languages, and how each writes numbers and dates. A language that lacks a word
// does not compile. The sentences of the signed payload (stop detail, notices) stay as they were signed.

import type { Language } from "../../../config/languages.js";
import type { TimeTrust } from "../../../drivers/driver.js";
import type { StopReason } from "../cdr/settlement.js";
import type { DecimalMark } from "../number/local-number.js";
import { roundingRule } from "../number/money.js";
import { type Dimension, localTimeRule, untaxedName, untrustedTimeRule } from "../rating/price.js";

export type ReceiptWords = {
  readonly decimalMark: DecimalMark;
  /** Order and marks of a date: Y, M and D stand for its parts. */
  readonly date: string;
  readonly kinds: {
    readonly sale: string;
    readonly start: string;
    readonly credit: string;
    readonly recovery: string;
    readonly key: string;
  };
  readonly copy: string;
  readonly corrects: string;
  readonly correctedBy: string;
  readonly unsigned: string;
  readonly labels: {
    readonly number: string;
    readonly issued: string;
    readonly taxId: string;
    readonly contact: string;
    readonly helpline: string;
    readonly place: string;
    readonly chargePoint: string;
    readonly upTo: string;
    readonly session: string;
    readonly cdr: string;
    readonly card: string;
    readonly contract: string;
    readonly start: string;
    readonly end: string;
    readonly clock: string;
    readonly beginRegister: string;
    readonly endRegister: string;
    readonly meter: string;
    readonly serial: string;
    readonly energy: string;
    readonly duration: string;
    readonly power: string;
    readonly stopped: string;
    readonly interruptions: string;
    readonly none: string;
    readonly until: string;
    readonly stillOut: string;
    readonly notKnown: string;
    readonly price: string;
    readonly net: string;
    readonly tax: string;
    readonly gross: string;
    readonly total: string;
    readonly rounding: string;
    readonly timeRule: string;
    readonly inclTax: string;
    readonly exclTax: string;
    readonly minimum: string;
    readonly maximum: string;
    readonly waived: string;
    readonly shown: string;
    readonly tariff: string;
    readonly digest: string;
    readonly payment: string;
    readonly billedTo: string;
    readonly station: string;
    readonly previous: string;
    readonly key: string;
    readonly receiptDigest: string;
    readonly check: string;
    readonly command: string;
    readonly complaints: string;
    readonly loss: string;
    readonly reason: string;
    readonly takesBack: string;
    readonly span: string;
    readonly newKey: string;
    readonly software: string;
  };
  readonly dimensions: Record<Dimension, string>;
  readonly clocks: Record<TimeTrust, string>;
  readonly reasons: Record<StopReason, string>;
  /**
   * Rules and names that the engine writes in English, as this language says them. What is not listed stays as it is.
   */
  readonly terms: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
};

/** The sentence of waiver.ts. */
const nothingFlowed = "no energy flowed: nothing is charged";

const en: ReceiptWords = {
  decimalMark: ".",
  date: "Y-M-D",
  kinds: {
    sale: "RECEIPT",
    start: "START RECEIPT (ZERO)",
    credit: "CREDIT RECEIPT",
    recovery: "RECOVERY RECEIPT (ZERO)",
    key: "CHANGE OF KEY (ZERO)",
  },
  copy: "COPY",
  corrects: "Corrects receipt",
  correctedBy: "Corrected by receipt",
  unsigned: "NOT SIGNED: the signing device had failed when this receipt was made.",
  labels: {
    number: "Number",
    issued: "Issued",
    taxId: "Tax id",
    contact: "Contact",
    helpline: "Helpline",
    place: "Place",
    chargePoint: "Charge point",
    upTo: "up to",
    session: "Session",
    cdr: "CDR",
    card: "Card",
    contract: "Contract",
    start: "Start",
    end: "End",
    clock: "clock",
    beginRegister: "Register begin",
    endRegister: "Register end",
    meter: "Meter",
    serial: "serial",
    energy: "Energy",
    duration: "Duration",
    power: "Power",
    stopped: "Stopped",
    interruptions: "Interruptions",
    none: "none",
    until: "until",
    stillOut: "to the end",
    notKnown: "not known",
    price: "PRICE",
    net: "net",
    tax: "tax",
    gross: "gross",
    total: "TOTAL",
    rounding: "Rounding",
    timeRule: "Time rule",
    inclTax: "incl. tax",
    exclTax: "excl. tax",
    minimum: "Minimum price",
    maximum: "Maximum price",
    waived: "Waived",
    shown: "Shown before",
    tariff: "Tariff",
    digest: "Tariff hash",
    payment: "Payment",
    billedTo: "billed to contract",
    station: "Station",
    previous: "Receipt before",
    key: "Signing key",
    receiptDigest: "Receipt hash",
    check: "Check it",
    command: "Command",
    complaints: "Complaints",
    loss: "Loss adjustment",
    reason: "Reason",
    takesBack: "Takes back receipt",
    span: "Unsigned receipts",
    newKey: "New key",
    software: "Software",
  },
  dimensions: {
    ENERGY: "Energy",
    TIME: "Charging time",
    PARKING_TIME: "Idle time",
    FLAT: "Start fee",
    RESERVATION_TIME: "Reservation time",
    RESERVATION_FLAT: "Reservation fee",
  },
  clocks: {
    synced: "synchronised",
    holdover: "running on since it was set",
    unsynced: "NOT SET: times are informative",
  },
  reasons: {
    Local: "by the driver",
    EVDisconnected: "cable unplugged",
    Remote: "from afar",
    DeAuthorized: "authorisation withdrawn",
    EnergyLimitReached: "energy limit reached",
    TimeLimitReached: "time limit reached",
    CostLimitReached: "cost limit reached",
    PowerLoss: "power cut",
    Reboot: "the station restarted",
    ImmediateReset: "the operator restarted the station",
    HardReset: "the operator restarted the station",
    EmergencyStop: "emergency stop",
    MeterFault: "the meter failed",
    ContactorFault: "the contactor failed",
    Other: "other reason",
  },
  terms: {},
  notices: [
    "The station's signature proves what it recorded and that nobody changed it since. It is no calibration-law approval of the meter.",
    "Not a tax invoice where a mobility provider bills you for this session.",
  ],
};

const de: ReceiptWords = {
  decimalMark: ",",
  date: "D.M.Y",
  kinds: {
    sale: "BELEG",
    start: "STARTBELEG (NULL)",
    credit: "GUTSCHRIFT",
    recovery: "SAMMELBELEG NACH AUSFALL (NULL)",
    key: "SCHLÜSSELWECHSEL (NULL)",
  },
  copy: "KOPIE",
  corrects: "Berichtigt Beleg",
  correctedBy: "Berichtigt durch Beleg",
  unsigned: "NICHT SIGNIERT: Die Signatureinrichtung war bei der Ausstellung ausgefallen.",
  labels: {
    number: "Nummer",
    issued: "Ausgestellt",
    taxId: "Steuer-ID",
    contact: "Kontakt",
    helpline: "Hotline",
    place: "Ort",
    chargePoint: "Ladepunkt",
    upTo: "bis",
    session: "Ladevorgang",
    cdr: "CDR",
    card: "Karte",
    contract: "Vertrag",
    start: "Beginn",
    end: "Ende",
    clock: "Uhr",
    beginRegister: "Zähler Beginn",
    endRegister: "Zähler Ende",
    meter: "Zähler",
    serial: "Nr.",
    energy: "Energie",
    duration: "Dauer",
    power: "Leistung",
    stopped: "Beendet",
    interruptions: "Ausfälle",
    none: "keine",
    until: "bis",
    stillOut: "bis zum Ende",
    notKnown: "nicht bekannt",
    price: "PREIS",
    net: "netto",
    tax: "Steuer",
    gross: "brutto",
    total: "SUMME",
    rounding: "Rundung",
    timeRule: "Zeitregel",
    inclTax: "inkl. Steuer",
    exclTax: "zzgl. Steuer",
    minimum: "Mindestpreis",
    maximum: "Höchstpreis",
    waived: "Erlassen",
    shown: "Vorher gezeigt",
    tariff: "Tarif",
    digest: "Tarif-Hash",
    payment: "Zahlung",
    billedTo: "Abrechnung über Vertrag",
    station: "Station",
    previous: "Vorbeleg",
    key: "Schlüssel",
    receiptDigest: "Beleg-Hash",
    check: "Prüfen",
    command: "Befehl",
    complaints: "Beschwerden",
    loss: "Verlustabzug",
    reason: "Grund",
    takesBack: "Nimmt zurück: Beleg",
    span: "Unsignierte Belege",
    newKey: "Neuer Schlüssel",
    software: "Software",
  },
  dimensions: {
    ENERGY: "Energie",
    TIME: "Ladezeit",
    PARKING_TIME: "Blockierzeit",
    FLAT: "Startgebühr",
    RESERVATION_TIME: "Reservierungszeit",
    RESERVATION_FLAT: "Reservierungsgebühr",
  },
  clocks: {
    synced: "synchronisiert",
    holdover: "läuft seit der letzten Stellung weiter",
    unsynced: "NICHT GESTELLT: Zeiten sind informativ",
  },
  reasons: {
    Local: "vom Fahrer",
    EVDisconnected: "Kabel gezogen",
    Remote: "aus der Ferne",
    DeAuthorized: "Berechtigung entzogen",
    EnergyLimitReached: "Energiegrenze erreicht",
    TimeLimitReached: "Zeitgrenze erreicht",
    CostLimitReached: "Kostengrenze erreicht",
    PowerLoss: "Stromausfall",
    Reboot: "Neustart der Station",
    ImmediateReset: "der Betreiber hat die Station neu gestartet",
    HardReset: "der Betreiber hat die Station neu gestartet",
    EmergencyStop: "Not-Halt",
    MeterFault: "Zähler ausgefallen",
    ContactorFault: "Schütz ausgefallen",
    Other: "anderer Grund",
  },
  terms: {
    [roundingRule]: "kaufmännisch, einmal, an der Summe",
    [localTimeRule]: "Ortszeit",
    [untrustedTimeRule]: "Uhr nicht verlässlich: Zeit kostet nichts, es gilt der niedrigste mögliche Preis",
    VAT: "MwSt.",
    [untaxedName]: "ohne Steuer",
    [nothingFlowed]: "es floss keine Energie: nichts wird berechnet",
  },
  notices: [
    "Die Signatur der Station beweist, was sie aufgezeichnet hat und dass es seither niemand geändert hat. Sie ist keine eichrechtliche Zulassung des Zählers.",
    "Keine Rechnung im Sinne der Steuer, wenn ein Mobilitätsanbieter diesen Ladevorgang abrechnet.",
  ],
};

const fr: ReceiptWords = {
  decimalMark: ",",
  date: "D/M/Y",
  kinds: {
    sale: "REÇU",
    start: "REÇU INITIAL (ZÉRO)",
    credit: "AVOIR",
    recovery: "REÇU DE REPRISE (ZÉRO)",
    key: "CHANGEMENT DE CLÉ (ZÉRO)",
  },
  copy: "COPIE",
  corrects: "Corrige le reçu",
  correctedBy: "Corrigé par le reçu",
  unsigned: "NON SIGNÉ : le dispositif de signature était en panne lors de l'émission.",
  labels: {
    number: "Numéro",
    issued: "Émis le",
    taxId: "N° fiscal",
    contact: "Contact",
    helpline: "Assistance",
    place: "Lieu",
    chargePoint: "Point de charge",
    upTo: "jusqu'à",
    session: "Session",
    cdr: "CDR",
    card: "Carte",
    contract: "Contrat",
    start: "Début",
    end: "Fin",
    clock: "horloge",
    beginRegister: "Index début",
    endRegister: "Index fin",
    meter: "Compteur",
    serial: "n°",
    energy: "Énergie",
    duration: "Durée",
    power: "Puissance",
    stopped: "Arrêt",
    interruptions: "Coupures",
    none: "aucune",
    until: "à",
    stillOut: "jusqu'à la fin",
    notKnown: "inconnue",
    price: "PRIX",
    net: "HT",
    tax: "taxe",
    gross: "TTC",
    total: "TOTAL",
    rounding: "Arrondi",
    timeRule: "Règle horaire",
    inclTax: "TTC",
    exclTax: "HT",
    minimum: "Prix minimal",
    maximum: "Prix maximal",
    waived: "Remise totale",
    shown: "Affiché avant",
    tariff: "Tarif",
    digest: "Empreinte tarif",
    payment: "Paiement",
    billedTo: "facturé au contrat",
    station: "Station",
    previous: "Reçu précédent",
    key: "Clé de signature",
    receiptDigest: "Empreinte reçu",
    check: "Vérifier",
    command: "Commande",
    complaints: "Réclamations",
    loss: "Compens. pertes",
    reason: "Motif",
    takesBack: "Annule le reçu",
    span: "Reçus non signés",
    newKey: "Nouvelle clé",
    software: "Logiciel",
  },
  dimensions: {
    ENERGY: "Énergie",
    TIME: "Temps de charge",
    PARKING_TIME: "Occupation",
    FLAT: "Frais de départ",
    RESERVATION_TIME: "Temps de réservation",
    RESERVATION_FLAT: "Frais de réservation",
  },
  clocks: {
    synced: "synchronisée",
    holdover: "en marche depuis son réglage",
    unsynced: "NON RÉGLÉE : heures indicatives",
  },
  reasons: {
    Local: "par le conducteur",
    EVDisconnected: "câble débranché",
    Remote: "à distance",
    DeAuthorized: "autorisation retirée",
    EnergyLimitReached: "limite d'énergie atteinte",
    TimeLimitReached: "limite de temps atteinte",
    CostLimitReached: "limite de coût atteinte",
    PowerLoss: "coupure de courant",
    Reboot: "redémarrage de la station",
    ImmediateReset: "l'exploitant a redémarré la station",
    HardReset: "l'exploitant a redémarré la station",
    EmergencyStop: "arrêt d'urgence",
    MeterFault: "compteur en panne",
    ContactorFault: "contacteur en panne",
    Other: "autre motif",
  },
  terms: {
    [roundingRule]: "au plus proche, une fois, au total",
    [localTimeRule]: "heure locale",
    [untrustedTimeRule]: "horloge non fiable : le temps est gratuit, le prix possible le plus bas s'applique",
    VAT: "TVA",
    [untaxedName]: "sans taxe",
    [nothingFlowed]: "aucune énergie n'a circulé : rien n'est facturé",
  },
  notices: [
    "La signature de la station prouve ce qu'elle a enregistré et que nul ne l'a modifié depuis. Elle n'est pas une homologation métrologique du compteur.",
    "Ne vaut pas facture fiscale si un opérateur de mobilité vous facture cette session.",
  ],
};

const es: ReceiptWords = {
  decimalMark: ",",
  date: "D/M/Y",
  kinds: {
    sale: "RECIBO",
    start: "RECIBO INICIAL (CERO)",
    credit: "ABONO",
    recovery: "RECIBO DE REANUDACIÓN (CERO)",
    key: "CAMBIO DE CLAVE (CERO)",
  },
  copy: "COPIA",
  corrects: "Corrige el recibo",
  correctedBy: "Corregido por el recibo",
  unsigned: "SIN FIRMA: el dispositivo de firma había fallado al emitir este recibo.",
  labels: {
    number: "Número",
    issued: "Emitido",
    taxId: "NIF",
    contact: "Contacto",
    helpline: "Asistencia",
    place: "Lugar",
    chargePoint: "Punto de recarga",
    upTo: "hasta",
    session: "Sesión",
    cdr: "CDR",
    card: "Tarjeta",
    contract: "Contrato",
    start: "Inicio",
    end: "Fin",
    clock: "reloj",
    beginRegister: "Lectura inicial",
    endRegister: "Lectura final",
    meter: "Contador",
    serial: "n.º",
    energy: "Energía",
    duration: "Duración",
    power: "Potencia",
    stopped: "Parada",
    interruptions: "Interrupciones",
    none: "ninguna",
    until: "a",
    stillOut: "hasta el final",
    notKnown: "desconocida",
    price: "PRECIO",
    net: "neto",
    tax: "impuesto",
    gross: "bruto",
    total: "TOTAL",
    rounding: "Redondeo",
    timeRule: "Regla horaria",
    inclTax: "imp. incl.",
    exclTax: "sin imp.",
    minimum: "Precio mínimo",
    maximum: "Precio máximo",
    waived: "Condonado",
    shown: "Mostrado antes",
    tariff: "Tarifa",
    digest: "Huella tarifa",
    payment: "Pago",
    billedTo: "a cargo del contrato",
    station: "Estación",
    previous: "Recibo anterior",
    key: "Clave de firma",
    receiptDigest: "Huella recibo",
    check: "Comprobar",
    command: "Comando",
    complaints: "Reclamaciones",
    loss: "Comp. pérdidas",
    reason: "Motivo",
    takesBack: "Anula el recibo",
    span: "Recibos sin firma",
    newKey: "Clave nueva",
    software: "Software",
  },
  dimensions: {
    ENERGY: "Energía",
    TIME: "Tiempo de carga",
    PARKING_TIME: "Ocupación",
    FLAT: "Tarifa de inicio",
    RESERVATION_TIME: "Tiempo de reserva",
    RESERVATION_FLAT: "Tarifa de reserva",
  },
  clocks: {
    synced: "sincronizado",
    holdover: "en marcha desde su ajuste",
    unsynced: "SIN AJUSTAR: horas orientativas",
  },
  reasons: {
    Local: "por el conductor",
    EVDisconnected: "cable desenchufado",
    Remote: "a distancia",
    DeAuthorized: "autorización retirada",
    EnergyLimitReached: "límite de energía alcanzado",
    TimeLimitReached: "límite de tiempo alcanzado",
    CostLimitReached: "límite de coste alcanzado",
    PowerLoss: "corte de corriente",
    Reboot: "reinicio de la estación",
    ImmediateReset: "el operador reinició la estación",
    HardReset: "el operador reinició la estación",
    EmergencyStop: "parada de emergencia",
    MeterFault: "fallo del contador",
    ContactorFault: "fallo del contactor",
    Other: "otro motivo",
  },
  terms: {
    [roundingRule]: "al más cercano, una vez, en el total",
    [localTimeRule]: "hora local",
    [untrustedTimeRule]: "reloj no fiable: el tiempo es gratis, se cobra el precio posible más bajo",
    VAT: "IVA",
    [untaxedName]: "sin impuestos",
    [nothingFlowed]: "no fluyó energía: no se cobra nada",
  },
  notices: [
    "La firma de la estación prueba lo que registró y que nadie lo ha cambiado desde entonces. No es una aprobación metrológica del contador.",
    "No es factura fiscal si un proveedor de movilidad le cobra esta sesión.",
  ],
};

const nl: ReceiptWords = {
  decimalMark: ",",
  date: "D-M-Y",
  kinds: {
    sale: "BON",
    start: "STARTBON (NUL)",
    credit: "CREDITBON",
    recovery: "HERSTELBON (NUL)",
    key: "SLEUTELWISSEL (NUL)",
  },
  copy: "KOPIE",
  corrects: "Corrigeert bon",
  correctedBy: "Gecorrigeerd door bon",
  unsigned: "NIET ONDERTEKEND: het ondertekenapparaat was uitgevallen toen deze bon werd gemaakt.",
  labels: {
    number: "Nummer",
    issued: "Uitgegeven",
    taxId: "Btw-nr.",
    contact: "Contact",
    helpline: "Hulplijn",
    place: "Plaats",
    chargePoint: "Laadpunt",
    upTo: "tot",
    session: "Laadsessie",
    cdr: "CDR",
    card: "Kaart",
    contract: "Contract",
    start: "Begin",
    end: "Einde",
    clock: "klok",
    beginRegister: "Beginstand",
    endRegister: "Eindstand",
    meter: "Meter",
    serial: "nr.",
    energy: "Energie",
    duration: "Duur",
    power: "Vermogen",
    stopped: "Gestopt",
    interruptions: "Onderbrekingen",
    none: "geen",
    until: "tot",
    stillOut: "tot het einde",
    notKnown: "niet bekend",
    price: "PRIJS",
    net: "netto",
    tax: "btw",
    gross: "bruto",
    total: "TOTAAL",
    rounding: "Afronding",
    timeRule: "Tijdregel",
    inclTax: "incl. btw",
    exclTax: "excl. btw",
    minimum: "Minimumprijs",
    maximum: "Maximumprijs",
    waived: "Kwijtgescholden",
    shown: "Vooraf getoond",
    tariff: "Tarief",
    digest: "Tariefhash",
    payment: "Betaling",
    billedTo: "op contract",
    station: "Station",
    previous: "Vorige bon",
    key: "Sleutel",
    receiptDigest: "Bonhash",
    check: "Controleren",
    command: "Opdracht",
    complaints: "Klachten",
    loss: "Verliescompens.",
    reason: "Reden",
    takesBack: "Neemt bon terug",
    span: "Niet-ondertekend",
    newKey: "Nieuwe sleutel",
    software: "Software",
  },
  dimensions: {
    ENERGY: "Energie",
    TIME: "Laadtijd",
    PARKING_TIME: "Bezettijd",
    FLAT: "Starttarief",
    RESERVATION_TIME: "Reserveringstijd",
    RESERVATION_FLAT: "Reserveringskosten",
  },
  clocks: {
    synced: "gesynchroniseerd",
    holdover: "loopt door sinds instelling",
    unsynced: "NIET INGESTELD: tijden zijn informatief",
  },
  reasons: {
    Local: "door de bestuurder",
    EVDisconnected: "kabel losgekoppeld",
    Remote: "op afstand",
    DeAuthorized: "autorisatie ingetrokken",
    EnergyLimitReached: "energiegrens bereikt",
    TimeLimitReached: "tijdgrens bereikt",
    CostLimitReached: "kostengrens bereikt",
    PowerLoss: "stroomuitval",
    Reboot: "herstart van het station",
    ImmediateReset: "de exploitant heeft het station herstart",
    HardReset: "de exploitant heeft het station herstart",
    EmergencyStop: "noodstop",
    MeterFault: "meter uitgevallen",
    ContactorFault: "relais uitgevallen",
    Other: "andere reden",
  },
  terms: {
    [roundingRule]: "rekenkundig, één keer, op het totaal",
    [localTimeRule]: "lokale tijd",
    [untrustedTimeRule]: "klok niet betrouwbaar: tijd is gratis, de laagst mogelijke prijs geldt",
    VAT: "btw",
    [untaxedName]: "zonder belasting",
    [nothingFlowed]: "er stroomde geen energie: niets wordt berekend",
  },
  notices: [
    "De handtekening van het station bewijst wat het heeft vastgelegd en dat niemand het sindsdien heeft gewijzigd. Zij is geen ijkwettelijke goedkeuring van de meter.",
    "Geen btw-factuur wanneer een mobiliteitsaanbieder deze sessie in rekening brengt.",
  ],
};

export const receiptWords: Record<Language, ReceiptWords> = { en, de, fr, es, nl };

/** A rule or name of the engine as the language says it. */
export const term = (text: string, { terms }: ReceiptWords): string =>
  Object.hasOwn(terms, text) ? (terms[text] ?? text) : text;

/** `2026-03-28T22:30:00.000+01:00` as the language writes it, the offset kept: "28.03.2026 22:30:00 +01:00". */
export function localTimeText(iso: string, { date }: ReceiptWords): string {
  const [, year = "", month = "", day = "", time = "", offset = ""] =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)\.\d{3}([+-]\d\d:\d\d)$/.exec(iso) ?? [];
  if (year === "") return iso;
  return `${date.replace("Y", year).replace("M", month).replace("D", day)} ${time} ${offset}`;
}
