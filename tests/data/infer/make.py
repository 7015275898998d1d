#!/usr/bin/env python3
"""Makes the small data sets of this folder, the same bytes every time. Companies, people and numbers are invented.

Each folder is one company with its own habits: how headers are spelled, how returns and cancellations are kept, which
facts there are. What is true of it stands in truth/<folder>.txt, written by hand, not by this script.
"""
import csv
import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

HERE = Path(__file__).parent
CENT = Decimal("0.01")


def money(value):
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)


def write(folder, name, header, rows, delimiter=","):
    path = HERE / folder / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def days(first, last):
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def season(day):
    """More in November and December, less in February."""
    return {2: 0.7, 7: 0.9, 11: 1.5, 12: 1.9}.get(day.month, 1.0) * (1.2 if day.weekday() >= 4 else 1.0)


FIRST = "Ada Ben Cora Dan Eve Finn Gwen Hugo Iris Jack Kira Liam Mona Ned Olga Paul Quinn Rosa Sam Tess".split()
LAST = "Abbott Barker Cole Drake Ellis Frost Grant Hale Ingram Jarvis Knight Lowe Marsh Nolan Osborn Price Reid".split()


def people(chance, count):
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    chance.shuffle(names)
    return names[:count]


def harbour():
    """snake_case, ten tables: header and lines, traffic, spend, budget, stock."""
    chance = random.Random(1)
    stores = [("S01", "Harbour Street", "Bristol", "South", 420), ("S02", "Old Mill", "Leeds", "North", 610),
              ("S03", "Queens Arcade", "Cardiff", "South", 380), ("S04", "Castle Gate", "York", "North", 295),
              ("S05", "Pier Point", "Brighton", "South", 510), ("S06", "Market Hall", "Leeds", "North", 330)]
    write("harbour", "stores.csv", ["store_id", "store_name", "city", "region", "floor_area"], stores)
    catalogue = {"Kitchen": {"Knives": ["Paring Knife", "Bread Knife", "Cleaver"], "Pans": ["Frying Pan", "Saucepan", "Wok"]},
                 "Garden": {"Tools": ["Trowel", "Rake", "Spade"], "Pots": ["Clay Pot", "Glazed Pot", "Hanging Basket"]},
                 "Bath": {"Towels": ["Hand Towel", "Bath Sheet"], "Soap": ["Oat Soap", "Lemon Soap", "Lavender Soap"]}}
    products, number = [], 100
    for category, groups in catalogue.items():
        for group, names in groups.items():
            for name in names:
                number += 1
                price = money(chance.uniform(4, 60))
                products.append((f"P{number}", name, category, group, chance.choice(["Alder", "Birch", "Cedar"]), price,
                                 money(price * Decimal("0.55"))))
    write("harbour", "products.csv", ["product_id", "product_name", "category", "sub_category", "brand", "list_price", "unit_cost"],
          products)
    names = people(chance, 160)
    customers = [(f"C{1000 + n}", name, name.lower().replace(" ", ".") + "@example.com", f"+44 20 7946 {chance.randint(1000, 9999)}",
                  chance.choice(["Trade", "Retail", "Retail", "Club"]), chance.choice("FM"),
                  date(2020, 1, 1) + timedelta(chance.randint(0, 700))) for n, name in enumerate(names)]
    write("harbour", "customers.csv", ["customer_id", "customer_name", "email", "phone", "segment", "gender", "signup_date"], customers)
    orders, items = [], []
    number = 50000
    for day in days(date(2022, 1, 1), date(2024, 3, 31)):
        growth = 1 + (day.year - 2022) * 0.15
        for _ in range(int(chance.random() + 1.05 * season(day) * growth)):
            number += 1
            store = chance.choice(stores)
            status = chance.choices(["Delivered", "Shipped", "Cancelled", "Returned", "Pending"], [84, 4, 6, 4, 2])[0]
            shipped = "" if status in ("Cancelled", "Pending") else day + timedelta(chance.randint(1, 6))
            orders.append((f"O{number}", day, shipped, chance.choice(customers[:150])[0], store[0],
                           chance.choices(["store", "web", "phone"], [6, 3, 1])[0],
                           chance.choice(["card", "cash", "voucher"]), status))
            for line in range(1, chance.choice([1, 1, 2, 2, 3]) + 1):
                product = chance.choice(products)
                items.append((f"O{number}", line, product[0], chance.randint(1, 5), product[5],
                              chance.choice(["0", "0", "0", "0.1", "0.2"])))
    write("harbour", "orders.csv", ["order_id", "order_date", "ship_date", "customer_id", "store_id", "channel", "payment_method",
                                    "status"], orders)
    write("harbour", "order_items.csv", ["order_id", "line_number", "product_id", "quantity", "unit_price", "discount"], items)
    visits, spend, budget, stock = [], [], [], []
    for day in days(date(2023, 1, 1), date(2024, 3, 31)):
        for store in stores:
            visits.append((day, store[0], int(store[4] * season(day) * chance.uniform(0.15, 0.3))))
    write("harbour", "store_traffic.csv", ["visit_date", "store_id", "visitors"], visits)
    for day in days(date(2022, 1, 1), date(2024, 3, 31)):
        if day.weekday() == 0:
            for channel in ("search", "social", "print"):
                impressions = chance.randint(2000, 9000)
                clicks = int(impressions * chance.uniform(0.005, 0.04))
                spend.append((day, channel, chance.choice(["Spring Clean", "Always On", "Gift Guide"]), money(clicks * chance.uniform(0.4, 1.6)),
                              impressions, clicks))
    write("harbour", "marketing_spend.csv", ["week_start", "channel", "campaign", "spend", "impressions", "clicks"], spend)
    for year in (2022, 2023, 2024):
        for month in range(1, 13 if year < 2024 else 4):
            for store in stores:
                budget.append((f"{year}-{month:02}", store[0], money(chance.randint(8, 30) * 100)))
    write("harbour", "budget.csv", ["month", "store_id", "budget_amount"], budget)
    for month in range(1, 16):
        day = date(2023 + (month - 1) // 12, (month - 1) % 12 + 1, 28)
        for store in stores[:4]:
            for product in products[::2]:
                stock.append((day, store[0], product[0], chance.randint(0, 120)))
    write("harbour", "inventory.csv", ["snapshot_date", "store_id", "product_id", "on_hand"], stock)


def lantern():
    """camelCase, one flat table of lines in pounds; cancellations carry a letter and negative quantities; targets beside."""
    chance = random.Random(2)
    ranges = {"Candles": [("Beeswax Pillar", "6.50"), ("Soy Tin", "9.00"), ("Taper Pair", "3.25")],
              "Lamps": [("Brass Lantern", "34.00"), ("Paper Lamp", "18.75"), ("Reading Lamp", "42.50")],
              "Diffusers": [("Reed Diffuser", "21.00"), ("Oil Burner", "15.50")]}
    goods = [(f"{n:05}{letter}", name, kind, Decimal(price)) for n, (kind, name, price, letter) in enumerate(
        ((kind, name, price, kind[0]) for kind, entries in ranges.items() for name, price in entries), 20110)]
    areas = {"Scotland": ["Glasgow", "Perth"], "Wales": ["Swansea", "Newport"], "England": ["Derby", "Exeter", "Hull"]}
    towns = [(town, area) for area, names in areas.items() for town in names]
    lines, number = [], 400100
    for day in days(date(2021, 6, 1), date(2023, 8, 31)):
        for _ in range(int(chance.random() + 0.55 * season(day))):
            number += 1
            town, area = chance.choice(towns)
            client = chance.randint(12001, 12140)
            when = f"{day:%d/%m/%Y} {chance.randint(8, 19):02}:{chance.randint(0, 59):02}"
            for good in chance.sample(goods, chance.randint(1, 4)):
                count = chance.randint(1, 12)
                lines.append((f"{number}", good[0], good[1], good[2], count, when, f"£{good[3]}", client if chance.random() > 0.1 else "",
                              town, area))
                if chance.random() < 0.05:
                    number += 1
                    lines.append((f"R{number}", good[0], good[1], good[2], -min(count, 2), when, f"£{good[3]}", client, town, area))
    write("lantern", "salesLines.csv", ["invoiceNo", "itemCode", "itemName", "productRange", "qtySold", "invoiceDate", "pricePerUnit",
                                        "clientNumber", "town", "salesArea"], lines, ";")
    targets = [(year, month, area, f"£{chance.randint(4, 12) * 100:,}.00") for year in (2021, 2022, 2023) for month in range(1, 13)
               for area in areas]
    write("lantern", "areaTargets.csv", ["year", "month", "salesArea", "targetAmount"], targets, ";")


def depot():
    """ALL CAPS and glued words; margins from unit cost; month/day/year; discount in percent; a list of returned orders."""
    chance = random.Random(3)
    items = [(10200 + n, f"{stuff} {kind}", dept, klass, money(chance.uniform(2, 90)), chance.choice(["NORDIC", "APEX", "TRIO"]))
             for n, (stuff, kind, dept, klass) in enumerate(
                 (stuff, kind, dept, klass) for dept, klass, kind in (("HARDWARE", "FASTENERS", "SCREWS"), ("HARDWARE", "HANDTOOLS", "HAMMER"),
                  ("ELECTRICAL", "CABLES", "CABLE"), ("ELECTRICAL", "LIGHTING", "BULB"), ("PAINT", "INDOOR", "EMULSION"),
                  ("PAINT", "OUTDOOR", "STAIN")) for stuff in ("BASIC", "PRO", "MAX"))]
    write("depot", "ITEMS.csv", ["ITEMNO", "ITEMDESC", "DEPT", "CLASS", "LISTPRICE", "BRAND"], items)
    customers = [(f"{7000 + n:06}", f"{last} {kind}", chance.choice(["BUILDER", "PAINTER", "PUBLIC"]), state, region) for n, (last, kind, (
        state, region)) in enumerate((last, kind, place) for last in LAST for kind, place in zip(("& SONS", "LTD", "CO"), chance.sample(
            [("OHIO", "EAST"), ("IOWA", "MID"), ("UTAH", "WEST"), ("MAINE", "EAST"), ("NEVADA", "WEST"), ("KANSAS", "MID")], 3)))]
    write("depot", "CUSTOMERS.csv", ["CUSTNO", "CUSTNAME", "CUSTTYPE", "STATE", "REGION"], customers)
    sales, orders = [], []
    number = 880000
    for day in days(date(2022, 4, 1), date(2024, 6, 30)):
        if day.weekday() == 6:
            continue
        for _ in range(int(chance.random() + 0.75 * season(day))):
            number += 1
            orders.append(number)
            buyer = chance.choice(customers)[0]
            rep = chance.choice(["K. MOSS", "L. BANKS", "T. RHODES"])
            for item in chance.sample(items, chance.randint(1, 3)):
                count, share = chance.randint(1, 40), chance.choice([0, 0, 5, 10, 15])
                price = money(item[4] * Decimal(chance.choice(["1", "1", "0.95"])))
                amount = money(price * count * (100 - share) / 100)
                sales.append((number, day.strftime("%m/%d/%Y"), buyer, rep, item[0], count, price, share, amount, money(item[4] * count * Decimal("0.8"))))
    write("depot", "SALES.csv", ["ORDNO", "ORDDATE", "CUSTNO", "SALESREP", "ITEMNO", "QTY", "UNITPRICE", "DISCPCT", "SALESAMT", "COGS"], sales)
    back = sorted(chance.sample(orders, 40))
    write("depot", "RETURNS.csv", ["ORDNO", "RETURNED"], [(number, "Yes") for number in back])


def corner():
    """Headers as a till prints them; one row is one receipt; tax inside the total; flags; stock and staff beside."""
    chance = random.Random(4)
    rows, number = [], 3100000
    branches = [("Elm Rd", "Town"), ("Dock", "Port"), ("Hill Top", "Town"), ("Ferry", "Port")]
    for day in days(date(2022, 9, 1), date(2024, 12, 31)):
        for branch, area in branches:
            if chance.random() > 0.5 * season(day):
                continue
            number += chance.randint(1, 9)
            net = money(chance.uniform(3, 140))
            vat = money(net * Decimal("0.2"))
            cost = money(net * Decimal(str(round(chance.uniform(0.5, 0.8), 2))))
            rows.append((f"T-{number}", day.strftime("%d-%b-%Y"), f"{chance.randint(7, 21):02}:{chance.randint(0, 59):02}", branch, area,
                         chance.choice(["Cash", "Card", "Gift card"]), chance.choice("YN"), chance.choices("FMX", [48, 48, 4])[0],
                         chance.choice(["18-29", "30-49", "50+"]), chance.randint(1, 15), net, vat, net + vat, cost,
                         chance.choice(["", "", "3", "4", "5"]), chance.choices(["Completed", "Voided", "Refunded"], [94, 3, 3])[0]))
    write("corner", "till.csv", ["Receipt No", "Sale Date", "Time", "Branch", "Area", "Tender Type", "Loyalty Member", "Sex", "Age Group",
                                 "No. of Items", "Net Amt", "VAT Amt", "Total Amt", "Cost of Sales", "Satisfaction", "Receipt Status"], rows)
    footfall = [(day.isoformat(), branch, int(60 * season(day) * chance.uniform(0.5, 1.5))) for day in days(date(2024, 1, 1), date(2024, 12, 31))
                if day.day % 4 == 1 for branch, _ in branches]
    write("corner", "footfall.csv", ["Date", "Branch", "Foot Fall"], footfall)


def pixel():
    """An online shop in euros: sessions, orders that carry their total, refunds with a flag, ads by day."""
    chance = random.Random(5)
    orders, sessions, ads = [], [], []
    shoppers = [f"u{n:04}" for n in range(1, 260)]
    number = 9000
    for day in days(date(2023, 1, 1), date(2025, 2, 28)):
        for device in ("mobile", "desktop", "tablet"):
            for source in ("google", "newsletter", "direct"):
                if day.day % 3 == 0:
                    sessions.append((day, device, source, int(chance.uniform(20, 90) * season(day)), int(chance.uniform(5, 40))))
        for _ in range(int(chance.random() + 0.9 * season(day))):
            number += 1
            goods = money(chance.uniform(12, 260))
            ship = money(chance.choice(["0", "4.90", "9.90"]))
            delivered = day + timedelta(chance.randint(2, 9))
            open_order = day > date(2025, 2, 22)
            country, market = chance.choice([("Germany", "DACH"), ("Austria", "DACH"), ("France", "South"), ("Spain", "South"), ("Italy", "South")])
            orders.append((f"PX-{number}", f"{day}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}",
                           "" if open_order else delivered, chance.choice(shoppers), country, market,
                           chance.choice(["mobile", "desktop", "tablet"]), chance.choice(["newsletter", "google", "direct"]),
                           chance.randint(1, 6), f"€{goods:,}", f"€{ship}", chance.choices(["true", "false"], [7, 93])[0],
                           chance.choice(["SPRING10", "", "", "VIP"])))
        if day.day % 2:
            for source in ("google", "newsletter"):
                clicks = chance.randint(5, 60)
                ads.append((day, source, f"€{money(clicks * chance.uniform(0.2, 0.9))}", clicks))
    write("pixel", "webOrders.csv", ["orderReference", "orderedAt", "deliveredOn", "shopperId", "country", "market", "device", "source",
                                     "units", "orderTotal", "shippingFee", "isReturned", "couponCode"], orders)
    write("pixel", "webSessions.csv", ["sessionDate", "device", "source", "sessions", "pageViews"], sessions)
    write("pixel", "adSpend.csv", ["date", "source", "adSpend", "clicks"], ads)


def meadow():
    """Prices and costs stand in the list of products only; one row of sales is one sale."""
    chance = random.Random(6)
    goods = [(n + 1, name, kind, money(chance.uniform(2, 30))) for n, (name, kind) in enumerate(
        [("Oat Bar", "Snacks"), ("Nut Mix", "Snacks"), ("Apple Juice", "Drinks"), ("Iced Tea", "Drinks"), ("Rye Loaf", "Bread"), ("Bagel", "Bread")])]
    write("meadow", "products.csv", ["ProductID", "Name", "Category", "Price", "Cost"],
          [(*good, money(good[3] * Decimal("0.6"))) for good in goods])
    write("meadow", "shops.csv", ["ShopID", "Name", "City"], [(1, "Brook", "Bath"), (2, "Field", "Ely"), (3, "Lane", "Bath")])
    sales, number = [], 0
    for day in days(date(2023, 1, 1), date(2024, 12, 31)):
        for _ in range(int(chance.random() + 0.6 * season(day))):
            number += 1
            sales.append((number, day.isoformat(), chance.choice(goods)[0], chance.randint(1, 3), chance.randint(1, 8)))
    write("meadow", "sales.csv", ["SaleID", "SaleDate", "ProductID", "ShopID", "UnitsSold"], sales)


if __name__ == "__main__":
    for company in (harbour, lantern, depot, corner, pixel, meadow):
        company()
