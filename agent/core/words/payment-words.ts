// What a driver reads who pays by bank card: before the tap what is held and released, and afterwards why it could not be
// paid, by what he can do about it. In all languages of the station.
import type { Language } from "../../../config/languages.js";
import type { RefusalCode } from "../../../drivers/payment-gateway.js";

export type PaymentWords = {
  /** What is held before a session, and what becomes of it. `amount` = "50.00 EUR". */
  readonly held: (amount: string) => string;
  readonly sameCardStops: string;
  readonly away: string;
  readonly refusals: Readonly<Record<RefusalCode, string>>;
};

const enPayment: PaymentWords = {
  held: (amount) =>
    `Bank card at the terminal: ${amount} are held; ` +
    "what you do not use is released at the end, and your bank may take days to show it",
  sameCardStops: "The same card stops the session",
  away: "Bank cards cannot be used at the moment",
  refusals: {
    declined: "The bank declined the payment. Try another card.",
    "no-funds": "There is not enough money. Try another card.",
    "card-expired": "This card has expired. Try another card.",
    "insert-card": "Insert the card into the terminal, or try another card.",
    "card-not-accepted": "This card is not accepted here. Try another card.",
    cancelled: "No card was held to the terminal. Nothing is charged.",
    "amount-too-high": "The amount is too high for this card. Try another card.",
    "amount-too-low": "The amount is too low for this card. Try another card.",
    currency: "This card does not take this currency. Try another card.",
    "no-bank-line": "The terminal reaches no bank. Use a charging card, or try again later.",
    "not-ready": "Paying by card is not possible now. Try again in a minute.",
    "hold-not-open": "The payment is not open any more.",
    "not-supported": "Paying this way is not possible here.",
    other: "The payment was refused. Try another card.",
  },
};

const dePayment: PaymentWords = {
  held: (amount) =>
    `Bankkarte am Terminal: ${amount} werden reserviert; ` +
    "was Sie nicht verbrauchen, wird am Ende freigegeben, und Ihre Bank zeigt das vielleicht erst nach Tagen",
  sameCardStops: "Dieselbe Karte beendet den Ladevorgang",
  away: "Mit Bankkarte kann gerade nicht gezahlt werden",
  refusals: {
    declined: "Die Bank hat die Zahlung abgelehnt. Versuchen Sie eine andere Karte.",
    "no-funds": "Das Guthaben reicht nicht. Versuchen Sie eine andere Karte.",
    "card-expired": "Diese Karte ist abgelaufen. Versuchen Sie eine andere Karte.",
    "insert-card": "Stecken Sie die Karte in das Terminal, oder versuchen Sie eine andere.",
    "card-not-accepted": "Diese Karte wird hier nicht angenommen. Versuchen Sie eine andere Karte.",
    cancelled: "Es wurde keine Karte an das Terminal gehalten. Nichts wird berechnet.",
    "amount-too-high": "Der Betrag ist für diese Karte zu hoch. Versuchen Sie eine andere Karte.",
    "amount-too-low": "Der Betrag ist für diese Karte zu niedrig. Versuchen Sie eine andere Karte.",
    currency: "Diese Karte zahlt nicht in dieser Währung. Versuchen Sie eine andere Karte.",
    "no-bank-line": "Das Terminal erreicht keine Bank. Nehmen Sie eine Ladekarte, oder versuchen Sie es später.",
    "not-ready": "Mit Karte kann gerade nicht gezahlt werden. Versuchen Sie es in einer Minute noch einmal.",
    "hold-not-open": "Die Zahlung ist nicht mehr offen.",
    "not-supported": "So kann hier nicht gezahlt werden.",
    other: "Die Zahlung wurde abgelehnt. Versuchen Sie eine andere Karte.",
  },
};

const frPayment: PaymentWords = {
  held: (amount) =>
    `Carte bancaire au terminal : ${amount} sont bloqués ; ` +
    "ce que vous n'utilisez pas est libéré à la fin, votre banque peut mettre des jours à l'afficher",
  sameCardStops: "La même carte arrête la recharge",
  away: "Les cartes bancaires ne sont pas acceptées pour le moment",
  refusals: {
    declined: "La banque a refusé le paiement. Essayez une autre carte.",
    "no-funds": "Le solde est insuffisant. Essayez une autre carte.",
    "card-expired": "Cette carte a expiré. Essayez une autre carte.",
    "insert-card": "Insérez la carte dans le terminal, ou essayez une autre carte.",
    "card-not-accepted": "Cette carte n'est pas acceptée ici. Essayez une autre carte.",
    cancelled: "Aucune carte n'a été présentée au terminal. Rien n'est facturé.",
    "amount-too-high": "Le montant est trop élevé pour cette carte. Essayez une autre carte.",
    "amount-too-low": "Le montant est trop faible pour cette carte. Essayez une autre carte.",
    currency: "Cette carte ne paie pas dans cette monnaie. Essayez une autre carte.",
    "no-bank-line": "Le terminal ne joint aucune banque. Utilisez une carte de recharge, ou réessayez plus tard.",
    "not-ready": "Le paiement par carte n'est pas possible maintenant. Réessayez dans une minute.",
    "hold-not-open": "Le paiement n'est plus ouvert.",
    "not-supported": "Ce mode de paiement n'est pas possible ici.",
    other: "Le paiement a été refusé. Essayez une autre carte.",
  },
};

const esPayment: PaymentWords = {
  held: (amount) =>
    `Tarjeta bancaria en el terminal: se retienen ${amount}; ` +
    "lo que no use se libera al final, y su banco puede tardar días en mostrarlo",
  sameCardStops: "La misma tarjeta termina la recarga",
  away: "Ahora no se puede pagar con tarjeta bancaria",
  refusals: {
    declined: "El banco ha rechazado el pago. Pruebe otra tarjeta.",
    "no-funds": "No hay saldo suficiente. Pruebe otra tarjeta.",
    "card-expired": "Esta tarjeta ha caducado. Pruebe otra tarjeta.",
    "insert-card": "Inserte la tarjeta en el terminal, o pruebe otra tarjeta.",
    "card-not-accepted": "Esta tarjeta no se acepta aquí. Pruebe otra tarjeta.",
    cancelled: "No se acercó ninguna tarjeta al terminal. No se cobra nada.",
    "amount-too-high": "El importe es demasiado alto para esta tarjeta. Pruebe otra tarjeta.",
    "amount-too-low": "El importe es demasiado bajo para esta tarjeta. Pruebe otra tarjeta.",
    currency: "Esta tarjeta no paga en esta moneda. Pruebe otra tarjeta.",
    "no-bank-line": "El terminal no alcanza ningún banco. Use una tarjeta de recarga, o inténtelo más tarde.",
    "not-ready": "Ahora no se puede pagar con tarjeta. Inténtelo en un minuto.",
    "hold-not-open": "El pago ya no está abierto.",
    "not-supported": "Aquí no se puede pagar así.",
    other: "El pago fue rechazado. Pruebe otra tarjeta.",
  },
};

const nlPayment: PaymentWords = {
  held: (amount) =>
    `Bankkaart bij de terminal: ${amount} worden gereserveerd; ` +
    "wat u niet gebruikt komt aan het einde vrij, uw bank toont dat soms pas na dagen",
  sameCardStops: "Dezelfde kaart beëindigt het laden",
  away: "Betalen met bankkaart kan nu niet",
  refusals: {
    declined: "De bank heeft de betaling geweigerd. Probeer een andere kaart.",
    "no-funds": "Er staat niet genoeg geld op. Probeer een andere kaart.",
    "card-expired": "Deze kaart is verlopen. Probeer een andere kaart.",
    "insert-card": "Steek de kaart in de terminal, of probeer een andere kaart.",
    "card-not-accepted": "Deze kaart wordt hier niet aangenomen. Probeer een andere kaart.",
    cancelled: "Er is geen kaart bij de terminal gehouden. Er wordt niets berekend.",
    "amount-too-high": "Het bedrag is te hoog voor deze kaart. Probeer een andere kaart.",
    "amount-too-low": "Het bedrag is te laag voor deze kaart. Probeer een andere kaart.",
    currency: "Deze kaart betaalt niet in deze munt. Probeer een andere kaart.",
    "no-bank-line": "De terminal bereikt geen bank. Gebruik een laadpas, of probeer het later opnieuw.",
    "not-ready": "Betalen met kaart kan nu niet. Probeer het over een minuut opnieuw.",
    "hold-not-open": "De betaling staat niet meer open.",
    "not-supported": "Zo kan hier niet worden betaald.",
    other: "De betaling is geweigerd. Probeer een andere kaart.",
  },
};

const itPayment: PaymentWords = {
  held: (amount) =>
    `Carta bancaria al terminale: vengono bloccati ${amount}; ` +
    "ciò che non usa viene liberato alla fine, la sua banca può mostrarlo dopo giorni",
  sameCardStops: "La stessa carta termina la ricarica",
  away: "Al momento non si può pagare con carta bancaria",
  refusals: {
    declined: "La banca ha rifiutato il pagamento. Provi un'altra carta.",
    "no-funds": "Il saldo non basta. Provi un'altra carta.",
    "card-expired": "Questa carta è scaduta. Provi un'altra carta.",
    "insert-card": "Inserisca la carta nel terminale, o provi un'altra carta.",
    "card-not-accepted": "Questa carta non è accettata qui. Provi un'altra carta.",
    cancelled: "Nessuna carta è stata avvicinata al terminale. Non si addebita nulla.",
    "amount-too-high": "L'importo è troppo alto per questa carta. Provi un'altra carta.",
    "amount-too-low": "L'importo è troppo basso per questa carta. Provi un'altra carta.",
    currency: "Questa carta non paga in questa valuta. Provi un'altra carta.",
    "no-bank-line": "Il terminale non raggiunge nessuna banca. Usi una tessera di ricarica, o riprovi più tardi.",
    "not-ready": "Ora non si può pagare con carta. Riprovi tra un minuto.",
    "hold-not-open": "Il pagamento non è più aperto.",
    "not-supported": "Qui non si può pagare così.",
    other: "Il pagamento è stato rifiutato. Provi un'altra carta.",
  },
};

const plPayment: PaymentWords = {
  held: (amount) =>
    `Karta bankowa przy terminalu: zostanie zablokowane ${amount}; ` +
    "niewykorzystana kwota jest zwalniana na końcu, bank może pokazać to po kilku dniach",
  sameCardStops: "Ta sama karta kończy ładowanie",
  away: "Płatność kartą bankową jest teraz niemożliwa",
  refusals: {
    declined: "Bank odrzucił płatność. Spróbuj innej karty.",
    "no-funds": "Brak środków. Spróbuj innej karty.",
    "card-expired": "Ta karta straciła ważność. Spróbuj innej karty.",
    "insert-card": "Włóż kartę do terminala albo spróbuj innej karty.",
    "card-not-accepted": "Ta karta nie jest tu przyjmowana. Spróbuj innej karty.",
    cancelled: "Nie zbliżono karty do terminala. Nic nie zostanie pobrane.",
    "amount-too-high": "Kwota jest za wysoka dla tej karty. Spróbuj innej karty.",
    "amount-too-low": "Kwota jest za niska dla tej karty. Spróbuj innej karty.",
    currency: "Ta karta nie płaci w tej walucie. Spróbuj innej karty.",
    "no-bank-line": "Terminal nie ma łączności z bankiem. Użyj karty ładowania albo spróbuj później.",
    "not-ready": "Płatność kartą jest teraz niemożliwa. Spróbuj za minutę.",
    "hold-not-open": "Płatność nie jest już otwarta.",
    "not-supported": "Tak nie można tu zapłacić.",
    other: "Płatność została odrzucona. Spróbuj innej karty.",
  },
};

const csPayment: PaymentWords = {
  held: (amount) =>
    `Bankovní karta u terminálu: zablokuje se ${amount}; ` +
    "co nevyužijete, se na konci uvolní, banka to může ukázat až za několik dní",
  sameCardStops: "Stejná karta ukončí nabíjení",
  away: "Bankovní kartou teď nelze platit",
  refusals: {
    declined: "Banka platbu odmítla. Zkuste jinou kartu.",
    "no-funds": "Na účtu není dost peněz. Zkuste jinou kartu.",
    "card-expired": "Platnost karty vypršela. Zkuste jinou kartu.",
    "insert-card": "Vložte kartu do terminálu, nebo zkuste jinou kartu.",
    "card-not-accepted": "Tato karta se zde nepřijímá. Zkuste jinou kartu.",
    cancelled: "K terminálu nebyla přiložena karta. Nic se neúčtuje.",
    "amount-too-high": "Částka je pro tuto kartu příliš vysoká. Zkuste jinou kartu.",
    "amount-too-low": "Částka je pro tuto kartu příliš nízká. Zkuste jinou kartu.",
    currency: "Tato karta neplatí v této měně. Zkuste jinou kartu.",
    "no-bank-line": "Terminál se nespojil s žádnou bankou. Použijte nabíjecí kartu, nebo to zkuste později.",
    "not-ready": "Kartou teď nelze platit. Zkuste to za minutu.",
    "hold-not-open": "Platba už není otevřená.",
    "not-supported": "Takto zde nelze platit.",
    other: "Platba byla odmítnuta. Zkuste jinou kartu.",
  },
};

const svPayment: PaymentWords = {
  held: (amount) =>
    `Bankkort vid terminalen: ${amount} reserveras; ` +
    "det du inte använder släpps i slutet, men det kan ta dagar innan banken visar det",
  sameCardStops: "Samma kort avslutar laddningen",
  away: "Det går inte att betala med bankkort just nu",
  refusals: {
    declined: "Banken nekade betalningen. Prova ett annat kort.",
    "no-funds": "Pengarna räcker inte. Prova ett annat kort.",
    "card-expired": "Kortet har gått ut. Prova ett annat kort.",
    "insert-card": "Sätt in kortet i terminalen, eller prova ett annat kort.",
    "card-not-accepted": "Kortet godtas inte här. Prova ett annat kort.",
    cancelled: "Inget kort hölls mot terminalen. Inget debiteras.",
    "amount-too-high": "Beloppet är för högt för kortet. Prova ett annat kort.",
    "amount-too-low": "Beloppet är för lågt för kortet. Prova ett annat kort.",
    currency: "Kortet betalar inte i den här valutan. Prova ett annat kort.",
    "no-bank-line": "Terminalen når ingen bank. Använd ett laddkort, eller försök senare.",
    "not-ready": "Det går inte att betala med kort nu. Försök igen om en minut.",
    "hold-not-open": "Betalningen är inte längre öppen.",
    "not-supported": "Så går det inte att betala här.",
    other: "Betalningen nekades. Prova ett annat kort.",
  },
};

export const paymentWords: Readonly<Record<Language, PaymentWords>> = {
  en: enPayment,
  de: dePayment,
  fr: frPayment,
  es: esPayment,
  nl: nlPayment,
  it: itPayment,
  pl: plPayment,
  cs: csPayment,
  sv: svPayment,
};
