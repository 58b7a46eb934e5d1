"""A second implementation of OCPI pricing, to compare chargetill's own engine with.

Written from the OCPI texts (2.2.1 and 2.3.0: mod_tariffs, mod_cdrs) and the product's documents alone, by someone who
had not seen the engine; it shares no line, no language and no arithmetic with it: Python's standard library, fractions.
It prices one period after the other, in the plainest way, and is not made to be fast.

Reads JSON Lines {name, timezone, tariffs, cdr} from standard input and writes one answer a line, in the shape of
`chargetill tariff price --batch`: the totals to twelve decimals, half up, or {name, refused}.
"""

import json
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

DECIMALS = 12
NOISE_DECIMALS = 10
NOISE = Fraction(1, 10**12)
KILO = 1000
HOUR = 3600
DAY = 24 * HOUR
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class Refused(Exception):
    """A CDR that has no price; the word says why."""


def half_up(value):
    """The nearest whole number; a half goes away from zero."""
    whole = (abs(value) + Fraction(1, 2)) // 1
    return -whole if value < 0 else whole


def text(value):
    """A number with at most twelve decimals, without zeros at its end."""
    scaled = half_up(Fraction(value) * 10**DECIMALS)
    whole, part = divmod(abs(scaled), 10**DECIMALS)
    decimals = f"{part:0{DECIMALS}d}".rstrip("0")
    return ("-" if scaled < 0 else "") + str(whole) + ("." + decimals if decimals else "")


def price_number(value):
    """A price as it was meant: 0.30000000000000004 is 0.3, as a program wrote it that counts in binary."""
    exact = Fraction(value)
    rounded = Fraction(half_up(exact * 10**NOISE_DECIMALS), 10**NOISE_DECIMALS)
    if abs(rounded - exact) >= NOISE:
        raise Refused("too many decimals")
    return rounded


def instant(written):
    """An OCPI DateTime (UTC, with or without its Z) as an aware datetime."""
    read = datetime.fromisoformat(written.replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


# ---------------------------------------------------------------------------------------------------------- tariffs


@dataclass(frozen=True)
class Component:
    """One price, with the taxes that its tariff's version and tax_included give it."""

    kind: str
    price: Fraction
    vat: Fraction | None
    step: int
    tax_inside: bool

    def cost(self, quantity):
        """Net and tax of a quantity in the unit that the price is for (kWh, hours, once)."""
        stated = self.price * quantity
        if self.vat is None:
            return stated, Fraction(0)
        if self.tax_inside:
            net = stated / (1 + self.vat / 100)
            return net, stated - net
        return stated, stated * self.vat / 100


@dataclass(frozen=True)
class Element:
    restrictions: dict
    components: tuple


@dataclass(frozen=True)
class Limit:
    net: Fraction
    gross: Fraction | None


class Tariff:
    def __init__(self, written):
        tax = written.get("tax_included")
        self.modern = tax is not None
        self.id = written["id"].lower()
        self.currency = written["currency"]
        self.begins = instant(written["start_date_time"]) if written.get("start_date_time") else None
        self.ends = instant(written["end_date_time"]) if written.get("end_date_time") else None
        self.minimum = self.limit(written.get("min_price"))
        self.maximum = self.limit(written.get("max_price"))
        self.elements = [
            Element(
                element.get("restrictions") or {},
                tuple(self.component(component, tax) for component in element["price_components"]),
            )
            for element in written["elements"]
        ]

    @staticmethod
    def component(written, tax):
        vat = written.get("vat")
        if tax == "N/A":
            vat = None
        return Component(
            written["type"],
            price_number(written["price"]),
            None if vat is None else Fraction(vat),
            written["step_size"],
            tax == "YES",
        )

    def limit(self, written):
        if written is None:
            return None
        net, gross = ("before_taxes", "after_taxes") if self.modern else ("excl_vat", "incl_vat")
        stated = written.get(gross)
        return Limit(Fraction(written[net]), None if stated is None else Fraction(stated))

    def in_force(self, at):
        """The start is inclusive, the end exclusive."""
        return (self.begins is None or self.begins <= at) and (self.ends is None or at < self.ends)

    def component_for(self, kind, reservation, moment):
        """The component of the first element that has one of this kind and whose restrictions all hold."""
        for element in self.elements:
            if element.restrictions.get("reservation") != reservation:
                continue
            mine = [component for component in element.components if component.kind == kind]
            if mine and all(holds(name, bound, moment) for name, bound in element.restrictions.items()):
                return mine[0]
        return None


# ------------------------------------------------------------------------------------------------------ restrictions


@dataclass(frozen=True)
class Moment:
    """What restrictions ask about: the instant at which a period starts."""

    local: datetime
    energy_kwh: Fraction
    duration_s: Fraction
    power_kw: tuple | None
    current_a: tuple | None


def clock_seconds(written):
    hours, minutes = written.split(":")
    return int(hours) * HOUR + int(minutes) * 60


def in_daily_window(moment, restrictions):
    """start_time inclusive, end_time exclusive; an end of 00:00 is the end of the day; an earlier end wraps."""
    local = moment.local
    now = Fraction(local.hour * HOUR + local.minute * 60 + local.second) + Fraction(local.microsecond, 10**6)
    start = clock_seconds(restrictions.get("start_time") or "00:00")
    end = clock_seconds(restrictions.get("end_time") or "00:00")
    if end == start:
        return True
    if end == 0:
        end = DAY
    return start <= now < end if start < end else now >= start or now < end


def holds(name, bound, moment):
    """Whether one restriction holds. The two times of day are one condition, which is looked at once in `in_force`."""
    if bound is None or name == "reservation":
        return True
    if name == "window":
        return in_daily_window(moment, bound)
    date = moment.local.date().isoformat()
    if name == "start_date":
        return bound <= date
    if name == "end_date":
        return date < bound
    if name == "day_of_week":
        return not bound or WEEKDAYS[moment.local.weekday()] in bound
    bound = Fraction(bound)
    if name == "min_kwh":
        return moment.energy_kwh >= bound
    if name == "max_kwh":
        return moment.energy_kwh < bound
    if name == "min_duration":
        return moment.duration_s >= bound
    if name == "max_duration":
        return moment.duration_s < bound
    measured = moment.power_kw if name.endswith("_power") else moment.current_a
    # A value that nobody measured fulfils no condition.
    if measured is None:
        return False
    lowest, highest = measured
    if name in ("min_power", "min_current"):
        return lowest >= bound
    if name in ("max_power", "max_current"):
        return highest < bound
    raise Refused(f"unknown restriction {name}")


def with_window(restrictions):
    """The restrictions with both times of day as the one condition that they are together."""
    others = {name: bound for name, bound in restrictions.items() if name not in ("start_time", "end_time")}
    times = {name: restrictions[name] for name in ("start_time", "end_time") if restrictions.get(name)}
    return {**others, "window": times} if times else others


# --------------------------------------------------------------------------------------------------------------- CDR


@dataclass
class Period:
    starts: datetime
    ends: datetime
    volumes: dict
    tariff_id: str | None
    seconds: dict

    @property
    def length_s(self):
        return Fraction((self.ends - self.starts) // (datetime.resolution * KILO), KILO)

    @property
    def is_reservation(self):
        return "RESERVATION_TIME" in self.volumes

    @property
    def happened(self):
        """
        False without length and volumes: there is no instant at which a fee could begin. Times on the wire may have no
        milliseconds, so what was billed in no time happened all the same.
        """
        return self.length_s > 0 or self.energy_kwh > 0 or any(self.seconds.values())

    @property
    def energy_kwh(self):
        return self.volumes.get("ENERGY", Fraction(0))

    @property
    def idle_s(self):
        """In which no energy was transferred: as stated, and all of a period that states no time and no energy."""
        if self.is_reservation or "TIME" in self.volumes or "PARKING_TIME" in self.volumes:
            return self.seconds["PARKING_TIME"]
        return self.length_s if self.energy_kwh == 0 else Fraction(0)

    def power_kw(self):
        """
        Lowest and highest power: stated, else the average while it charged, else not known. Nothing flows into a car
        that is idle.
        """
        stated = self.stated("POWER")
        if stated or not self.energy_is_known:
            return stated
        seconds = self.seconds["TIME"] or self.length_s
        if self.energy_kwh == 0:
            return (Fraction(0),) * 2
        return (self.energy_kwh * HOUR / seconds,) * 2 if seconds else None

    def current_a(self):
        stated = self.stated("CURRENT")
        if stated:
            return stated
        return (Fraction(0), Fraction(0)) if self.energy_is_known and self.energy_kwh == 0 else None

    @property
    def energy_is_known(self):
        return "ENERGY" in self.volumes or "TIME" not in self.volumes

    def stated(self, what):
        if what in self.volumes:
            return (self.volumes[what],) * 2
        lowest, highest = self.volumes.get("MIN_" + what), self.volumes.get("MAX_" + what)
        if lowest is None and highest is None:
            return None
        return (highest if lowest is None else lowest), (lowest if highest is None else highest)


TIMES = ("TIME", "PARKING_TIME", "RESERVATION_TIME")


def periods_of(cdr):
    """The periods in the order of time. Hours on the wire are rounded, so the nearest whole second is taken."""
    written = sorted(cdr["charging_periods"], key=lambda period: instant(period["start_date_time"]))
    borders = [instant(period["start_date_time"]) for period in written] + [instant(cdr["end_date_time"])]
    periods = []
    for index, period in enumerate(written):
        volumes = {dimension["type"]: Fraction(dimension["volume"]) for dimension in period["dimensions"]}
        seconds = {kind: Fraction(half_up(volumes.get(kind, Fraction(0)) * HOUR)) for kind in TIMES}
        tariff_id = period.get("tariff_id")
        named = None if tariff_id is None else tariff_id.lower()
        periods.append(Period(borders[index], borders[index + 1], volumes, named, seconds))
    return periods


def tariffs_of(written, cdr, periods):
    """Which tariff prices which period: by its id, of those in force when the session starts."""
    tariffs = [Tariff(each) for each in written]
    if len({tariff.modern for tariff in tariffs}) > 1:
        raise Refused("versions mixed")
    if any(tariff.currency != cdr["currency"] for tariff in tariffs):
        raise Refused("another currency")
    for tariff in tariffs:
        tariff.elements = [Element(with_window(each.restrictions), each.components) for each in tariff.elements]
    begins = instant(cdr["start_date_time"])
    active = [tariff for tariff in tariffs if tariff.in_force(begins)]
    ids = {period.tariff_id for period in periods}
    if ids == {None}:
        if len(active) != 1:
            raise Refused("no tariff is in force" if not active else "several tariffs are in force")
        return tariffs[0].modern, [active[0] for _ in periods]
    return tariffs[0].modern, [version_for(period, tariffs, begins) for period in periods]


def version_for(period, tariffs, begins):
    """
    The tariff that a period names, as it was in force at the start of the session; one that took over later is that of
    the periods that name it (OCPI leaves a switch of tariffs open).
    """
    if period.tariff_id is None:
        return None
    named = [tariff for tariff in tariffs if tariff.id == period.tariff_id]
    at_start = [tariff for tariff in named if tariff.in_force(begins)]
    mine = at_start or [tariff for tariff in named if tariff.in_force(period.starts)]
    if len(mine) != 1:
        raise Refused("the tariff of a period is not in force" if not mine else "several versions are in force")
    return mine[0]


# --------------------------------------------------------------------------------------------------------- the price


class Dimension:
    """What is billed of one dimension: pairs of a component and a quantity, in the order of time."""

    def __init__(self, unit):
        # How many of the small units (Wh, seconds) the price is for.
        self.unit = unit
        self.used = []

    def add(self, component, quantity):
        if component is not None and quantity > 0:
            self.used.append((component, quantity))

    def total(self):
        return sum((quantity for _, quantity in self.used), Fraction(0))

    def round_up(self):
        """Up to a whole step of the last component, once; what is added costs what the last component costs."""
        if not self.used:
            return
        last = self.used[-1][0]
        if last.step > 0:
            self.add(last, -(-self.total() // last.step) * last.step - self.total())

    def costs(self):
        return [(component, *component.cost(quantity / self.unit)) for component, quantity in self.used]


class Sum:
    """Net and the taxes by their rate."""

    def __init__(self, costs):
        self.net = sum((net for _, net, _ in costs), Fraction(0))
        self.taxes = {}
        for component, _, tax in costs:
            if component.vat is not None:
                self.taxes[component.vat] = self.taxes.get(component.vat, Fraction(0)) + tax

    @property
    def gross(self):
        return self.net + sum(self.taxes.values())

    def hold(self, net, gross):
        """
        Sets both; the taxes share what lies between in proportion. Where there were none, it is of the stated rate that
        explains it, or of none.
        """
        before, after = self.gross - self.net, gross - net
        self.net = net
        if before != 0:
            self.taxes = {rate: tax * after / before for rate, tax in self.taxes.items()}
        else:
            explaining = (rate for rate in self.taxes if net * rate == after * 100)
            self.taxes = {next(explaining, None): after}

    def written(self, modern):
        if not modern:
            return {"excl_vat": text(self.net), "incl_vat": text(self.gross)}
        taxes = sorted(((rate, tax) for rate, tax in self.taxes.items() if text(tax) != "0"), key=lambda each: each[0] or 0)
        rates = [{} if rate is None else {"percentage": text(rate)} for rate, _ in taxes]
        amounts = [{"name": "VAT", **rate, "amount": text(tax)} for rate, (_, tax) in zip(rates, taxes)]
        return {"before_taxes": text(self.net), "taxes": amounts}


def bounded(total, limit, beyond):
    """Holds the net and the gross, each by its own limit; a limit without a gross takes the gross along."""
    net, gross = total.net, total.gross
    if beyond(net, limit.net):
        if limit.gross is None:
            gross = gross * limit.net / net if net != 0 else limit.net
        net = limit.net
    if limit.gross is not None and beyond(gross, limit.gross):
        gross = limit.gross
    if (net, gross) != (total.net, total.gross):
        total.hold(net, gross)


def price(line):
    """The price of one CDR, in the shape of the command's answer. Raises Refused."""
    cdr = line["cdr"]
    zone = ZoneInfo(line["timezone"])
    periods = periods_of(cdr)
    modern, tariffs = tariffs_of(line["tariffs"], cdr, periods)
    ends = instant(cdr["end_date_time"])
    begins = next((period.starts for period in periods if not period.is_reservation), None)
    # A reservation without a session has expired.
    expired = begins is None

    energy, charging, parking, reserved = Dimension(KILO), Dimension(HOUR), Dimension(HOUR), Dimension(HOUR)
    flat, flat_of_reservation, flat_of_expiry = None, None, None
    energy_kwh = Fraction(0)
    for period, tariff in zip(periods, tariffs):
        since = Fraction(0) if period.is_reservation or expired else (period.starts - begins) // (datetime.resolution * KILO)
        moment = Moment(
            period.starts.astimezone(zone), energy_kwh, Fraction(since, KILO), period.power_kw(), period.current_a()
        )
        energy_kwh += period.energy_kwh
        if tariff is None:
            continue
        if period.is_reservation:
            time = tariff.component_for("TIME", "RESERVATION", moment)
            if expired:
                time = tariff.component_for("TIME", "RESERVATION_EXPIRES", moment) or time
            reserved.add(time, period.seconds["RESERVATION_TIME"])
            if period.happened:
                flat_of_reservation = flat_of_reservation or tariff.component_for("FLAT", "RESERVATION", moment)
            if period.happened and expired:
                flat_of_expiry = flat_of_expiry or tariff.component_for("FLAT", "RESERVATION_EXPIRES", moment)
            continue
        energy.add(tariff.component_for("ENERGY", None, moment), period.energy_kwh * KILO)
        charging.add(tariff.component_for("TIME", None, moment), period.seconds["TIME"])
        parking.add(tariff.component_for("PARKING_TIME", None, moment), period.seconds["PARKING_TIME"])
        if period.happened:
            flat = flat or tariff.component_for("FLAT", None, moment)

    energy.round_up()
    reserved.round_up()
    # Of TIME and PARKING_TIME only one is rounded: parking, where there was any that has a price.
    (parking if parking.used else charging).round_up()

    once = lambda *components: [(each, *each.cost(1)) for each in components if each is not None]
    costs = {
        "total_fixed_cost": once(flat),
        "total_energy_cost": energy.costs(),
        "total_time_cost": charging.costs(),
        "total_parking_cost": parking.costs(),
        "total_reservation_cost": reserved.costs() + once(flat_of_reservation, flat_of_expiry),
    }
    total = Sum([cost for each in costs.values() for cost in each])
    # The limits are those of the tariff by which the session started. The minimum is one of charging sessions, which an
    # expired reservation is not; the maximum protects its driver too.
    sold_by = [tariff for tariff, period in zip(tariffs, periods) if tariff and not period.is_reservation]
    governing = next(iter(sold_by or filter(None, tariffs)), None)
    if governing and governing.minimum and not expired:
        bounded(total, governing.minimum, lambda amount, limit: amount < limit)
    if governing and governing.maximum:
        bounded(total, governing.maximum, lambda amount, limit: amount > limit)

    lasted_s = Fraction(0) if expired else Fraction((ends - begins) // (datetime.resolution * KILO), KILO)
    idle_s = sum(period.idle_s for period in periods)
    return {
        "total_cost": total.written(modern),
        **{name: Sum(each).written(modern) for name, each in costs.items()},
        "total_energy": text(energy_kwh),
        "total_time": text(lasted_s / HOUR),
        "total_parking_time": text(idle_s / HOUR),
        "billed": {
            "energy": text(half_up(energy.total())),
            "time": text(charging.total()),
            "parking": text(parking.total()),
            "reservation": text(reserved.total()),
        },
    }


def answer(line):
    read = json.loads(line, parse_float=Fraction)
    try:
        return {"name": read["name"], **price(read)}
    except Refused as refused:
        return {"name": read["name"], "refused": str(refused)}


if __name__ == "__main__":
    for each in sys.stdin:
        if each.strip():
            sys.stdout.write(json.dumps(answer(each)) + "\n")
