"""Random tariffs and CDRs, as JSON Lines {name, timezone, tariffs, cdr}: `draw.py SEED COUNT [FIRST]`.

Every line is drawn from the seed and its number alone, so that one of them can be drawn again. Half of the borders of
the periods lie exactly on a border of a tariff (a time of day, a duration, an amount of energy), where engines differ.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

ZONES = [
    "Europe/Berlin",
    "Europe/Berlin",
    "Europe/Lisbon",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "UTC",
]
FIRST_DAY = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = 3 * 365
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
RATES = [None, 0, 5.2, 7, 7.7, 10, 19, 20, 21, 25.5]
STEPS = [0, 1, 1, 1, 10, 60, 60, 100, 300, 500, 600, 900, 1000, 1800, 3600]
PRICES = {"ENERGY": 0.9, "TIME": 9, "PARKING_TIME": 12, "FLAT": 5}
DURATIONS_S = [1, 300, 600, 900, 1800, 2700, 3600, 5400, 7200, 10800, 14400]
ENERGIES_KWH = [0.0001, 0.5, 1, 2.5, 5, 7.5, 10, 12.3456, 20, 40]
POWERS_KW = [1.4, 3.7, 7.4, 11, 22, 43.5, 50]
CURRENTS_A = [6, 10, 16, 32, 48, 63]
MOST_PERIODS = 10


def stamp(at):
    """Whole seconds mostly have no decimals on the wire."""
    written = at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return written.replace(".000Z", "Z")


@cache
def changes(zone):
    """The instants, to the hour, before which the zone's clock has another offset than after."""
    offset = lambda at: at.astimezone(ZoneInfo(zone)).utcoffset()
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    found = [day for day in days if offset(day) != offset(day + timedelta(days=1))]
    hours = [day + timedelta(hours=hour) for day in found for hour in range(1, 25)]
    return [hour for hour in hours if offset(hour) != offset(hour - timedelta(hours=1))]


def chance(rng, percent):
    return rng.randrange(100) < percent


# ---------------------------------------------------------------------------------------------------------- tariffs


def bounds(rng, values, name):
    """A lower bound, an upper one, or both."""
    low, high = sorted(rng.sample(values, 2))
    return rng.choice([{f"min_{name}": low}, {f"max_{name}": high}, {f"min_{name}": low, f"max_{name}": high}])


def near_time(rng, local):
    at = local.replace(tzinfo=None) + timedelta(minutes=rng.randrange(-60, 300))
    return f"{at.hour:02d}:{rng.choice([0, 0, 15, 30, 45, at.minute]):02d}"


def time_of_day(rng, local):
    start, end = near_time(rng, local), rng.choice([near_time(rng, local), near_time(rng, local), "00:00"])
    return rng.choice([{"start_time": start}, {"end_time": end}] + [{"start_time": start, "end_time": end}] * 4)


def dates(rng, local):
    low = local.date() + timedelta(days=rng.randrange(-2, 2))
    high = low + timedelta(days=rng.randrange(1, 4))
    return rng.choice(
        [
            {"start_date": low.isoformat()},
            {"end_date": high.isoformat()},
            {"start_date": low.isoformat(), "end_date": high.isoformat()},
        ]
    )


def weekdays(rng, local):
    near = [WEEKDAYS[(local.weekday() + days) % 7] for days in (-1, 0, 1)]
    if chance(rng, 5):
        return {"day_of_week": []}
    return {"day_of_week": sorted(set(rng.sample(near, 2) + rng.sample(WEEKDAYS, 1)), key=WEEKDAYS.index)}


def restrictions(rng, local, kinds=6):
    drawn = {}
    makers = [
        lambda: time_of_day(rng, local),
        lambda: dates(rng, local),
        lambda: weekdays(rng, local),
        lambda: bounds(rng, DURATIONS_S, "duration"),
        lambda: bounds(rng, ENERGIES_KWH, "kwh"),
        lambda: bounds(rng, POWERS_KW, "power"),
        lambda: bounds(rng, CURRENTS_A, "current"),
    ][: kinds + 1]
    for make in rng.sample(makers, rng.choice([1, 1, 1, 2, 2, 3])):
        drawn.update(make())
    return drawn


def amount(rng, most):
    """A price, now and then with the noise of a program that counts in binary."""
    price = round(rng.uniform(0, most), rng.choice([1, 2, 2, 2, 3, 4, 6]))
    if chance(rng, 5):
        return 0
    if chance(rng, 5):
        return price + 4e-17
    # More decimals than any price has: refused, unless they are the noise of an eleventh digit.
    return price + rng.choice([1e-11, 1e-13]) if rng.randrange(1000) == 0 else price


def component(rng, kind, vat):
    drawn = {"type": kind, "price": amount(rng, PRICES[kind]), "step_size": rng.choice(STEPS)}
    if kind == "ENERGY" and chance(rng, 4):
        # Day-ahead prices fall below zero.
        drawn["price"] = -drawn["price"]
    rate = rng.choice(RATES) if chance(rng, 20) else vat
    return drawn if rate is None and chance(rng, 80) else {**drawn, "vat": rate}


def element(rng, local, vat, restricted):
    kinds = rng.sample(list(PRICES), rng.choice([1, 1, 1, 2, 2, 3, 4]))
    drawn = {"price_components": [component(rng, kind, vat) for kind in kinds]}
    if restricted:
        return {**drawn, "restrictions": restrictions(rng, local)}
    return rng.choice([drawn, drawn, drawn, {**drawn, "restrictions": None}, {**drawn, "restrictions": {}}])


def reservation_element(rng, local, vat, kind):
    kinds = rng.choice([["TIME"], ["FLAT"], ["FLAT", "TIME"]])
    also = restrictions(rng, local, kinds=4) if chance(rng, 30) else {}
    return {
        "price_components": [component(rng, each, vat) for each in kinds],
        "restrictions": {"reservation": kind, **also},
    }


def limit(rng, modern, most):
    net = round(rng.uniform(0, most), 2)
    gross = round(net * rng.choice([1, 1.1, 1.19, 1.2, 1.5]), 2)
    names = ("before_taxes", "after_taxes") if modern else ("excl_vat", "incl_vat")
    return {names[0]: net} if chance(rng, 30) else {names[0]: net, names[1]: gross}


def tariff(rng, name, local, tax, currency):
    vat = rng.choice(RATES)
    elements = [element(rng, local, vat, True) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6]))]
    if chance(rng, 70) or not elements:
        elements.append(element(rng, local, vat, False))
    for kind in ("RESERVATION", "RESERVATION_EXPIRES"):
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            elements.insert(rng.randrange(len(elements) + 1), reservation_element(rng, local, vat, kind))
    modern = tax is not None
    drawn = {"country_code": "DE", "party_id": "ABC", "id": name, "currency": currency, "elements": elements}
    if modern:
        drawn["tax_included"] = tax
    low = limit(rng, modern, 3) if chance(rng, 20) else None
    high = limit(rng, modern, 15) if chance(rng, 25) else None
    if low is not None:
        drawn["min_price"] = low
    if high is not None and (low is None or all(high.get(key, 99) >= low[key] for key in low)):
        drawn["max_price"] = high
    return {**drawn, "last_updated": "2024-01-01T00:00:00Z"}


def bound_values(tariffs, names):
    every = [each.get("restrictions") or {} for drawn in tariffs for each in drawn["elements"]]
    return sorted({each[name] for each in every for name in names if name in each})


# --------------------------------------------------------------------------------------------------------------- CDRs


class Wire:
    """Writes the volumes of one dimension as a sender does: the sums so far are kept exactly, what is sent is not."""

    def __init__(self, rng, manner):
        self.rng = rng
        self.manner = manner
        self.exact = 0
        self.sent = 0

    def volume(self, amount, per):
        self.exact += amount
        if self.manner == "fine":
            return round(amount / per + self.rng.randrange(1000) / 10**7, 7)
        if self.manner == "each":
            return round(amount / per, 4)
        if self.manner == "long":
            return amount / per
        whole = round(self.exact * 10_000 / per)
        volume, binary = (whole - self.sent) / 10_000, whole / 10_000 - self.sent / 10_000
        self.sent = whole
        return binary if self.manner == "binary" else volume


def next_border(rng, tariffs, begins, at, zone):
    """The next instant at which a tariff may change its price: a time of day, or a duration since the start."""
    durations = bound_values(tariffs, ["min_duration", "max_duration"])
    ahead = [begins + timedelta(seconds=each) for each in durations]
    for clock in bound_values(tariffs, ["start_time", "end_time"]):
        hour, minute = (int(part) for part in clock.split(":"))
        for days in (0, 1):
            day = at.astimezone(zone).date() + timedelta(days=days)
            for fold in (0, 1):
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold)
                ahead.append(local.astimezone(timezone.utc))
    ahead = [each for each in ahead if at < each < at + timedelta(hours=6)]
    return rng.choice(sorted(ahead)) if ahead else None


def period_end(rng, tariffs, begins, at, zone, ms):
    if chance(rng, 2):
        return at
    border = next_border(rng, tariffs, begins, at, zone) if chance(rng, 50) else None
    if border is not None:
        return max(at, border + timedelta(milliseconds=rng.choice([0, 0, 0, 0, -1000, 1000])))
    seconds = rng.choice([1, 17, 60, 600, 900, 1800, 3600, rng.randrange(1, 7200), rng.randrange(1, 7200)])
    return at + timedelta(seconds=seconds, milliseconds=rng.randrange(1000) if ms else 0)


def measured(rng, name, value, borders):
    """A power or a current as one value, or as a lowest and a highest one between which no tariff changes."""
    if chance(rng, 50):
        return [{"type": name, "volume": value}]
    below = max([each for each in borders if each <= value], default=0)
    low = value if chance(rng, 50) else below
    drawn = [{"type": f"MIN_{name}", "volume": low}, {"type": f"MAX_{name}", "volume": value}]
    return drawn if chance(rng, 80) else drawn[rng.randrange(2) :][:1]


def energy_of(rng, seconds, so_far, tariffs):
    """In tenths of a watt-hour; now and then exactly up to a border of the tariff."""
    ahead = [round(each * 10_000) - so_far for each in bound_values(tariffs, ["min_kwh", "max_kwh"])]
    ahead = [each for each in ahead if each > 0]
    if ahead and chance(rng, 35):
        return max(0, rng.choice(ahead) + rng.choice([0, 0, 0, -1, 1]))
    kilowatts = rng.choice([*POWERS_KW, rng.uniform(0, 50)])
    return round(kilowatts * 10_000 * seconds / 3600)


def dimensions(rng, kind, seconds, state, tariffs):
    """The dimensions of one period. `state` keeps what was sent of each and the energy so far."""
    drawn = []
    whole = seconds if state["fine"] else int(seconds)
    idle = int(whole) // 3 if kind == "mixed" else whole
    if kind in ("charging", "unmetered", "mixed"):
        drawn.append({"type": "TIME", "volume": state["TIME"].volume(whole - idle if kind == "mixed" else whole, 3600)})
    if kind in ("idle", "mixed"):
        drawn.append({"type": "PARKING_TIME", "volume": state["PARKING_TIME"].volume(idle, 3600)})
    if kind == "reserved":
        return [{"type": "RESERVATION_TIME", "volume": state["RESERVATION_TIME"].volume(whole, 3600)}]
    flows = kind in ("charging", "mixed", "energy") or (kind == "idle" and chance(rng, 15))
    if flows:
        tenths = energy_of(rng, seconds, state["tenths"], tariffs) if seconds > 0 else rng.choice([0, 1, 500])
        state["tenths"] += tenths
        drawn.append({"type": "ENERGY", "volume": state["ENERGY"].volume(tenths, 10_000)})
    elif kind == "suspended" or (kind == "idle" and chance(rng, 50)):
        drawn.append({"type": "ENERGY", "volume": 0})
    if flows and chance(rng, 60):
        drawn += measured(rng, "POWER", rng.choice([*POWERS_KW, 5, 30.25]), bound_values(tariffs, ["min_power", "max_power"]))
    if flows and chance(rng, 60):
        borders = bound_values(tariffs, ["min_current", "max_current"])
        drawn += measured(rng, "CURRENT", rng.choice([*CURRENTS_A, 8.5, 24]), borders)
    rng.shuffle(drawn)
    return drawn


KINDS = ["charging"] * 8 + ["idle"] * 5 + ["suspended", "mixed", "energy", "unmetered"]


def kinds_of(rng):
    """What a CDR consists of: a reservation, a session, both; and how its parts follow each other."""
    reserved = ["reserved"] * rng.choice([1, 1, 2]) if chance(rng, 25) else []
    if reserved and chance(rng, 30):
        return reserved
    if chance(rng, 30):
        return reserved + ["charging"] * rng.randrange(1, 5) + ["idle"] * rng.randrange(3)
    return reserved + [rng.choice(KINDS) for _ in range(rng.randrange(1, MOST_PERIODS))]


def line(seed, number):
    """One line, drawn from the seed and its number."""
    rng = random.Random(f"{seed}/{number}")
    zone = rng.choice(ZONES)
    at = FIRST_DAY + timedelta(seconds=rng.randrange(DAYS * 86_400))
    if changes(zone) and chance(rng, 40):
        at = rng.choice(changes(zone)) + timedelta(minutes=rng.randrange(-300, 90))
    if chance(rng, 50):
        at = at.replace(minute=0, second=0)
    starts, local = at, at.astimezone(ZoneInfo(zone))
    tax = rng.choice([None, None, "YES", "NO", "NO", "N/A"])
    currency = rng.choice(["EUR", "EUR", "JPY", "KWD"])
    names = ["A", "b-2", "Night"][: rng.choice([1, 1, 1, 1, 1, 1, 2, 2, 3])]
    tariffs = [tariff(rng, name, local, tax, currency) for name in names]

    ms = chance(rng, 20)
    manner = rng.choice(["wire", "wire", "wire", "binary", "each", "long"])
    # A sender that does not count in whole seconds.
    state = {"tenths": 0, "fine": manner == "long" and chance(rng, 30)}
    for kind in ("TIME", "PARKING_TIME", "RESERVATION_TIME"):
        state[kind] = Wire(rng, manner)
    state["ENERGY"] = Wire(rng, rng.choice(["wire", "wire", "wire", "binary", "fine"]))
    named = rng.choice(["all"] * 8 + ["some", "none"])
    periods = []
    begins, current = at, rng.choice(names)
    for kind in kinds_of(rng):
        if kind != "reserved" and not any("RESERVATION_TIME" not in str(each) for each in periods):
            begins = at
        ends = period_end(rng, tariffs, begins, at, ZoneInfo(zone), ms)
        if ends == at and not periods:
            ends = at + timedelta(seconds=600)
        period = {
            "start_date_time": stamp(at),
            "dimensions": dimensions(rng, kind, (ends - at).total_seconds(), state, tariffs),
        }
        if chance(rng, 20):
            current = rng.choice(names)
        if named == "all" or (named == "some" and chance(rng, 60)):
            period["tariff_id"] = rng.choice([current, current, current.upper()])
        periods.append(period)
        at = ends
    # A border of the half-open interval: nothing begins at the instant at which all ends.
    if chance(rng, 5) and at > begins and "RESERVATION_TIME" not in str(periods[-1]):
        last = {"start_date_time": stamp(at), "dimensions": [{"type": "ENERGY", "volume": 0}]}
        periods.append({**last, "tariff_id": current} if "tariff_id" in periods[-1] else last)
        if chance(rng, 50):
            begin_fee_at_end(rng.choice(tariffs), at - begins)
    if chance(rng, 4):
        rng.shuffle(periods)
    cdr = {
        "country_code": "DE",
        "party_id": "ABC",
        "id": str(number),
        "start_date_time": stamp(starts),
        "end_date_time": stamp(at),
        "currency": currency,
        "charging_periods": periods,
    }
    spoil(rng, tariffs, cdr, starts)
    return {"name": str(number), "timezone": zone, "tariffs": tariffs, "cdr": cdr}


def begin_fee_at_end(drawn, lasted):
    """A fee that would begin to hold at the very instant at which the session ends."""
    for each in drawn["elements"]:
        others = [component for component in each["price_components"] if component["type"] != "FLAT"]
        each["price_components"] = others or each["price_components"]
    fee = {"type": "FLAT", "price": 5, "step_size": 1}
    late = {"min_duration": int(lasted.total_seconds())}
    drawn["elements"].append({"price_components": [fee], "restrictions": late})


def spoil(rng, tariffs, cdr, starts):
    """Validity of tariffs, which may leave none in force; now and then a CDR that cannot be priced."""
    if chance(rng, 15):
        old, new = dict(tariffs[0]), tariffs[0]
        old["elements"] = [element(rng, starts, 19, False)]
        border = stamp(starts + timedelta(seconds=rng.choice([-3600, -1, 0, 0, 1, 600])))
        old["end_date_time"] = border
        new["start_date_time"] = border
        tariffs.insert(rng.randrange(len(tariffs) + 1), old)
    if not chance(rng, 3):
        return
    which = rng.randrange(4)
    if which == 0:
        rng.choice(cdr["charging_periods"])["tariff_id"] = "unknown"
    elif which == 1:
        cdr["currency"] = "CHF"
    elif which == 2 and "start_date_time" not in tariffs[0]:
        tariffs[0]["end_date_time"] = stamp(starts)
    else:
        tariffs.append(dict(tariffs[0]))


if __name__ == "__main__":
    seed, count, first = sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or ["0"])[0])
    for number in range(first, first + count):
        sys.stdout.write(json.dumps(line(seed, number)) + "\n")
