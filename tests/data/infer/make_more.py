#!/usr/bin/env python3
"""More companies as make.py makes them: other languages and number formats, exports of other programs, a warehouse's
star, stock and budgets. What is true of each stands in truth/<folder>.txt, written by hand."""
import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from make import days, money, season, write


def comma(value, thousands="."):
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", thousands)


def rhein():
    """German: semicolons, decimal comma, day.month.year, J/N, item numbers with leading zeros, a total at the end."""
    chance = random.Random(11)
    shops = [(101, "Altstadt", "Köln", "Nordrhein-Westfalen"), (102, "Hafen", "Düsseldorf", "Nordrhein-Westfalen"),
             (103, "Markt", "Mainz", "Rheinland-Pfalz"), (104, "Bahnhof", "Wiesbaden", "Hessen")]
    goods = [(f"00{4100 + 7 * n}", f"{4006381000000 + 1379 * n}", name, group, money(chance.uniform(3, 180))) for n, (name, group) in enumerate(
        [("Füller", "Schreibwaren"), ("Heft A4", "Schreibwaren"), ("Kugelschreiber", "Schreibwaren"), ("Lampe", "Möbel"),
         ("Stuhl", "Möbel"), ("Regal", "Möbel"), ("Tasse", "Küche"), ("Kanne", "Küche")])]
    rows, number, pieces, takings = [], 70000, 0, Decimal(0)
    for day in days(date(2023, 1, 2), date(2024, 6, 30)):
        for _ in range(int(chance.random() + 0.7 * season(day))):
            number += 1
            shop = chance.choice(shops)
            for item in chance.sample(goods, chance.randint(1, 3)):
                count = chance.randint(1, 12)
                rows.append((f"R{number}", day.strftime("%d.%m.%Y"), shop[0], item[0], item[1], item[2], item[3], count,
                             comma(item[4]) + " €", comma(item[4] * count) + " €", "J" if number % 19 == 0 else "N"))
                pieces += count
                takings += item[4] * count
    rows.append(("Summe", "", "", "", "", "", "", pieces, "", comma(takings) + " €", ""))
    write("rhein", "Verkäufe.csv", ["Belegnr", "Belegdatum", "Filialnr", "Artikelnr", "EAN", "Artikelbezeichnung", "Warengruppe", "Menge",
                                    "Einzelpreis", "Umsatz", "Storniert"], rows, ";")
    write("rhein", "Filialen.csv", ["Filialnr", "Filialname", "Ort", "Bundesland"], shops, ";")


def seine():
    """French: a file a year of one shape, spaces between thousands, percent with a comma, oui and non."""
    chance = random.Random(12)
    goods = [("Savon", "Beauté"), ("Parfum", "Beauté"), ("Crème", "Beauté"), ("Miel", "Épicerie"), ("Confiture", "Épicerie"), ("Thé vert", "Épicerie")]
    prices = {name: money(chance.uniform(4, 900)) for name, _ in goods}
    clients = [f"CL{1000 + n}" for n in range(60)]
    number = 5000
    for year in (2023, 2024):
        rows = []
        for day in days(date(year, 1, 1), date(year, 12, 31)):
            for _ in range(int(chance.random() + 0.5 * season(day))):
                number += 1
                name, kind = chance.choice(goods)
                count, rate = chance.randint(1, 5), chance.choice([0, 0, 5, 12.5])
                total = prices[name] * count * (Decimal(100) - Decimal(str(rate))) / 100
                rows.append((number, day.strftime("%d/%m/%Y"), chance.choice(clients), name, kind, count, comma(prices[name], "\u202f"),
                             f"{rate:.1f} %".replace(".", ","), comma(money(total), "\u202f"), "non" if number % 13 == 0 else "oui"))
        write("seine", f"ventes_{year}.csv", ["N° commande", "Date commande", "Code client", "Produit", "Catégorie", "Quantité", "Prix unitaire",
                                               "Remise", "Montant", "Livré"], rows, ";")


def atlas():
    """A star with surrogate keys: a dimension of days, shops over time, staff who report to each other."""
    chance = random.Random(13)
    calendar = [(int(day.strftime("%Y%m%d")), day.isoformat(), day.strftime("%B"), (day.month - 1) // 3 + 1, day.year)
                for day in days(date(2022, 1, 1), date(2023, 12, 31))]
    shops = [(1, "ST-01", "Quay", "East", "2020-01-01", "2022-12-31", "N"), (2, "ST-01", "Quay", "North", "2023-01-01", "9999-12-31", "Y"),
             (3, "ST-02", "Plaza", "West", "2020-01-01", "9999-12-31", "Y"), (4, "ST-03", "Grove", "East", "2021-05-01", "9999-12-31", "Y")]
    goods = [(n + 1, f"SKU-{300 + n}", name, brand, kind) for n, (name, brand, kind) in enumerate(
        [("Tent", "Ridge", "Camping"), ("Stove", "Ridge", "Camping"), ("Boots", "Marl", "Footwear"), ("Socks", "Marl", "Footwear"),
         ("Map", "Fell", "Books"), ("Compass", "Fell", "Tools")])]
    staff = [(1, "R. Vane", "Head of Sales", ""), *[(n, f"{chr(63 + n)}. Moor", "Manager", 1) for n in range(2, 5)],
             *[(n, f"{chr(60 + n)}. Pike", "Clerk", chance.randint(2, 4)) for n in range(5, 14)]]
    facts = []
    for number, (key, day, *_) in enumerate(calendar):
        for _ in range(int(chance.random() + 0.8)):
            item, count = chance.choice(goods), chance.randint(1, 6)
            price = money(5 + item[0] * Decimal("11.35"))
            facts.append((f"T{100000 + number}-{len(facts) % 7}", key, chance.choice([1, 3, 4] if day < "2023" else [2, 3, 4]), item[0],
                          chance.randint(5, 13), count, price * count, money(price * count * Decimal("0.62")), "USD"))
    write("atlas", "dim_date.csv", ["date_key", "full_date", "month_name", "quarter", "year"], calendar)
    write("atlas", "dim_store.csv", ["store_sk", "store_code", "store_name", "region", "valid_from", "valid_to", "is_current"], shops)
    write("atlas", "dim_product.csv", ["product_sk", "sku", "product_name", "brand", "category"], goods)
    write("atlas", "dim_employee.csv", ["employee_id", "employee_name", "job_title", "manager_id"], staff)
    write("atlas", "fact_sales.csv", ["transaction_no", "date_key", "store_sk", "product_sk", "employee_id", "qty", "sales_amt", "cost_amt",
                                      "currency_code"], facts)


def tarn():
    """Not a till: stock of each week, a budget of each month, visits of each hour; ISO weeks and fiscal periods."""
    chance = random.Random(14)
    stock, visits, budget, sales = [], [], [], []
    level = {(shop, item): chance.randint(20, 90) for shop in ("N1", "N2") for item in ("K-01", "K-02", "K-03")}
    for day in days(date(2023, 11, 1), date(2024, 10, 31)):
        for shop in ("N1", "N2"):
            for hour in (10, 13, 16, 19):
                visits.append((day.isoformat(), hour, shop, chance.randint(3, 60)))
            for item in ("K-01", "K-02", "K-03"):
                if chance.random() < 0.5 * season(day):
                    count = chance.randint(1, 5)
                    sales.append((f"B{90000 + len(sales)}", day.isoformat(), shop, item, count, money(count * Decimal("14.90"))))
                if day.weekday() == 6:
                    level[shop, item] = max(0, level[shop, item] + chance.randint(-15, 15))
                    year, week, _ = day.isocalendar()
                    stock.append((day.isoformat(), f"{year}-W{week:02}", shop, item, level[shop, item], money(level[shop, item] * Decimal("8.15"))))
    for period in range(1, 13):
        month = f"{2023 if period < 3 else 2024}-{(period + 9) % 12 + 1:02}"
        budget += [(f"2024-P{period:02}", month, shop, chance.randint(15, 30) * 100) for shop in ("N1", "N2")]
    write("tarn", "sales.csv", ["receipt_id", "sold_on", "shop", "item", "units", "takings"], sales)
    write("tarn", "stock_levels.csv", ["snapshot_date", "iso_week", "shop", "item", "closing_stock", "stock_value"], stock)
    write("tarn", "sales_budget.csv", ["fiscal_period", "month", "shop", "budget"], budget)
    write("tarn", "hourly_footfall.csv", ["day", "hour", "shop", "visitors"], visits)


def ridge():
    """An accounting program's export: epoch seconds, negative in brackets, percent strings, yes and no, totals at the end."""
    chance = random.Random(15)
    rows, total = [], Decimal(0)
    for n, day in enumerate(days(date(2023, 3, 1), date(2024, 2, 29))):
        for _ in range(chance.randint(0, 2)):
            gross, back = money(chance.uniform(20, 2400)), chance.random() < 0.06
            discount = chance.choice(["0%", "5%", "10%", "12.5%"])
            moment = datetime(day.year, day.month, day.day, chance.randint(8, 20), chance.randint(0, 59), tzinfo=timezone.utc)
            rows.append((f"INV-{2000 + len(rows)}", int(moment.timestamp()), f"0{chance.randint(20, 79)}5", chance.choice(["Trade", "Retail", "Online"]),
                         f"0{5012345000000 + chance.randint(1, 12) * 11}", -1 if back else chance.randint(1, 9), discount,
                         f"({gross:,})" if back else f"{gross:,}", "Yes" if n % 3 else "No"))
            total += -gross if back else gross
    rows.append(("Grand Total", "", "", "", "", "", "", f"{total:,}", ""))
    write("ridge", "ledger export.csv", ["Invoice No.", "Created At", "Account", "Channel", "GTIN", "Qty", "Discount %", "Net Sales GBP", "Paid"], rows)


def fjord():
    """Timestamps with zones, a currency code a row, refunds with a trailing minus, tab-separated."""
    chance = random.Random(16)
    rows, start = [], datetime(2023, 6, 3, 9, 5, tzinfo=timezone(timedelta(hours=2)))
    for n in range(420):
        moment = start + timedelta(hours=17 * n + chance.randint(0, 12))
        net = money(chance.uniform(4, 320))
        status = "REFUNDED" if n % 23 == 5 else chance.choice(["PAID", "PAID", "SHIPPED"])
        rows.append((f"{700001 + n}", moment.isoformat(), f"u-{chance.randint(100, 180)}", chance.choice(["web", "app", "kiosk"]), chance.choice(["NO", "SE", "DK"]),
                     chance.choice(["Knit > Sweaters", "Knit > Hats", "Outer > Coats"]), chance.randint(1, 4),
                     f"{net}-" if status == "REFUNDED" else f"{net}", "EUR", f"{chance.randint(1, 5)}", status))
    write("fjord", "orders.tsv", ["order_id", "ordered_at", "user_id", "channel", "country_code", "category_path", "item_count", "net_amount",
                                  "currency", "review_stars", "order_status"], rows, "\t")


if __name__ == "__main__":
    for company in (rhein, seine, atlas, tarn, ridge, fjord):
        company()
