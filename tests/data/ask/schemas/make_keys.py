#!/usr/bin/env python3
"""Companies whose tables are joined by several columns, the same bytes every time. Companies and numbers are invented.

lager   German, a dealer in kitchen goods: the order number stands in orders, lines, payments, deliveries and returns; a
        return names the order and the article
kettle  English: shops are numbered per country; sales of each day, stock and budget share their
        dimensions and are no links of each other
What is true of them stands in tests/data/infer/truth, written by hand, not by this script.
"""
import csv
import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

HERE = Path(__file__).parent
INFER = HERE.parents[1] / "infer"


def money(value):
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


def comma(value):
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def write(folder, name, header, rows, delimiter=","):
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def german(day):
    return day.strftime("%d.%m.%Y")


def lager():
    chance = random.Random(41)
    goods = [(f"A-{200 + 13 * n}", name, group, money(chance.uniform(9, 240))) for n, (name, group) in enumerate(
        [("Pfanne Gusto", "Kochen"), ("Topf Gusto", "Kochen"), ("Wok Asia", "Kochen"), ("Messer Solid", "Schneiden"),
         ("Schere Solid", "Schneiden"), ("Reibe Fein", "Schneiden"), ("Teller Blau", "Tisch"), ("Schale Blau", "Tisch"),
         ("Kanne Klar", "Tisch"), ("Waage Digital", "Geräte"), ("Mixer Power", "Geräte"), ("Toaster Duo", "Geräte")])]
    shops = [(1, "Hamburg Mitte", "Hamburg"), (2, "Kiel Nord", "Kiel"), (3, "Bremen Tor", "Bremen"), (9, "Onlineshop", "Hamburg")]
    orders, lines, payments, deliveries, returns = [], [], [], [], []
    for number in range(1, 1301):
        day = date(2022, 1, 3) + timedelta(int((number - 1) * 720 / 1300))
        order, shop = f"B{50000 + number}", chance.choices(shops, [4, 2, 3, 6])[0]
        orders.append((order, german(day), f"K{chance.randint(100, 420)}", shop[0], chance.choice(["Newsletter", "Suche", "Laufkundschaft"])))
        total = Decimal(0)
        for item in chance.sample(goods, chance.choice([1, 1, 2, 2, 3, 4])):
            count = chance.choice([1, 1, 1, 2, 2, 3, 6])
            total += item[3] * count
            lines.append((order, item[0], count, comma(item[3]), comma(item[3] * count)))
            sent = day + timedelta(chance.randint(1, 9))
            if chance.random() < 0.97:
                deliveries.append((order, item[0], german(sent), count, chance.choice(["Nordpost", "Kurier Blitz"])))
            odds = 0.19 if shop[0] == 9 else 0.06
            left = count
            while left and chance.random() < odds * (1.6 if item[2] == "Geräte" else 1):
                back = chance.randint(1, left)
                left -= back
                returns.append((order, item[0], german(sent + timedelta(chance.randint(3, 25))), back,
                                chance.choice(["defekt", "gefällt nicht", "falsch geliefert"]), comma(item[3] * back)))
        if chance.random() < 0.995:
            payments.append((order, german(day + timedelta(chance.randint(0, 20))), comma(total), chance.choice(["PayPal", "Rechnung", "Karte"])))
    folder = HERE / "lager"
    write(folder, "Bestellungen.csv", ["Bestellnr", "Bestelldatum", "Kundennr", "Filialnr", "Werbekanal"], orders, ";")
    write(folder, "Bestellpositionen.csv", ["Bestellnr", "Artikelnr", "Menge", "Einzelpreis", "Umsatz"], lines, ";")
    write(folder, "Artikel.csv", ["Artikelnr", "Bezeichnung", "Warengruppe"], [item[:3] for item in goods], ";")
    write(folder, "Filialen.csv", ["Filialnr", "Filialname", "Stadt"], shops, ";")
    write(folder, "Zahlungen.csv", ["Bestellnr", "Zahlungsdatum", "Betrag", "Zahlungsart"], payments, ";")
    write(folder, "Lieferungen.csv", ["Bestellnr", "Artikelnr", "Lieferdatum", "Gelieferte Menge", "Spediteur"], deliveries, ";")
    write(folder, "Retouren.csv", ["Bestellnr", "Artikelnr", "Retourdatum", "Retourmenge", "Retourgrund", "Gutschrift"], returns, ";")


def kettle():
    chance = random.Random(42)
    shops = [("AT", 1, "Graz", "South", 140), ("AT", 2, "Linz", "North", 95), ("CH", 1, "Basel", "North", 210), ("CH", 2, "Bern", "West", 120),
             ("CH", 3, "Chur", "East", 80), ("DE", 1, "Ulm", "South", 260), ("DE", 2, "Kassel", "North", 150)]
    goods = [(f"T{10 + n}", name, kind, money(chance.uniform(3, 40))) for n, (name, kind) in enumerate(
        [("Green", "Tea"), ("Black", "Tea"), ("Mint", "Herbs"), ("Camomile", "Herbs"), ("Pot", "Ware"), ("Cup", "Ware")])]
    sales, stock, budget = [], [], []
    level = {(shop[:2], item[0]): chance.randint(60, 160) for shop in shops for item in goods}
    for n in range(90):
        day = date(2023, 12, 1) + timedelta(n)
        for shop in shops:
            for item in goods:
                sold = chance.randint(1, 9)
                sales.append((day, shop[0], shop[1], item[0], sold, item[3] * sold))
                level[shop[:2], item[0]] += chance.choice([0, 0, 14, 4]) - sold // 2
                stock.append((day, shop[0], shop[1], item[0], level[shop[:2], item[0]]))
            if day.day == 1:
                budget.append((day.strftime("%Y-%m"), shop[0], shop[1], 4000 + 10 * chance.randint(0, 90)))
    write(INFER / "kettle", "shops.csv", ["country", "shop_no", "town", "region", "size_sqm"], shops)
    write(INFER / "kettle", "products.csv", ["sku", "product_name", "category", "list_price"], goods)
    write(INFER / "kettle", "daily_sales.csv", ["day", "country", "shop_no", "sku", "units_sold", "revenue"], sales)
    write(INFER / "kettle", "stock.csv", ["day", "country", "shop_no", "sku", "stock_on_hand"], stock)
    write(INFER / "kettle", "budget.csv", ["month", "country", "shop_no", "budget"], budget)


if __name__ == "__main__":
    lager()
    kettle()
