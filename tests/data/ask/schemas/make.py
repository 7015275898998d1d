#!/usr/bin/env python3
"""Writes the CSV files of the companies that the parser cases ask about. The same bytes every time.

    python3 tests/data/ask/schemas/make.py

coffee   a chain of cafes: tickets by the minute, stores, products, loyalty members
fashion  an e-shop: orders with a status, daily visits, weekly campaign spend
trade    a wholesaler of tools: invoices, customers, products, monthly budget, stock at month ends
garden   one flat file of order lines, as an export from a till system looks
"""
import csv
import random
from datetime import date, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent


def write(company, name, header, rows, delimiter=","):
    (HERE / company).mkdir(exist_ok=True)
    with open(HERE / company / name, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def days(first, last):
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def coffee():
    rng = random.Random(11)
    stores = [("S01", "Harbour Lane", "Hull", "Humber", "2015-04-01", 40), ("S02", "Old Mill", "Leeds", "West Riding", "2016-09-12", 62),
              ("S03", "Station Square", "York", "North", "2017-02-20", 28), ("S04", "Cathedral Row", "York", "North", "2018-06-05", 35),
              ("S05", "Riverside", "Sheffield", "South Yorkshire", "2019-03-11", 54), ("S06", "North Gate", "Leeds", "West Riding", "2019-11-02", 30),
              ("S07", "University", "Sheffield", "South Yorkshire", "2021-09-01", 80), ("S08", "Airport", "Leeds", "West Riding", "2022-05-16", 24)]
    groups = {"Hot Drinks": [("Flat White", 3.4), ("Cappuccino", 3.3), ("Espresso", 2.2), ("English Breakfast Tea", 2.5), ("Hot Chocolate", 3.6), ("Chai Latte", 3.7)],
              "Cold Drinks": [("Iced Latte", 3.9), ("Lemonade", 2.8), ("Cold Brew", 3.8), ("Orange Juice", 2.9)],
              "Pastries": [("Croissant", 2.4), ("Cinnamon Bun", 3.1), ("Blueberry Muffin", 2.9), ("Carrot Cake", 3.8)],
              "Sandwiches": [("Ham Toastie", 5.5), ("Falafel Wrap", 5.9), ("Egg Bagel", 4.8)],
              "Merchandise": [("Travel Mug", 14.0), ("House Blend 250g", 8.5), ("Gift Card Tin", 4.0)]}
    products = []
    for group, items in groups.items():
        for item, price in items:
            products.append((f"P{len(products) + 101}", item, group, price, f"{price * rng.uniform(0.25, 0.5):.2f}"))
    products.append((f"P{len(products) + 101}", "Winter Hamper", "Merchandise", 35.0, "19.00"))  # never sold
    first_names = "Ava Ben Cara Dev Ella Finn Gita Hugo Iris Jack Kira Liam Mona Noah Orla Petra Quinn Rosa Sam Tess".split()
    last_names = "Archer Bose Clarke Dunn Evans Frost Gill Hayes Irwin Jones Khan Lowe Marsh Nolan Owen".split()
    members = []
    for n in range(140):
        joined = date(2021, 1, 1) + timedelta(rng.randrange(1200))
        members.append((f"M{n + 1001}", f"{first_names[n % 20]} {last_names[(n * 7 + n // 20) % 15]}", joined.isoformat(),
                        rng.choices(["Gold", "Silver", "Bronze"], [1, 2, 4])[0], rng.choice(["Leeds", "York", "Hull", "Sheffield"])))
    tickets, number = [], 50000
    weights = [1.0, 1.9, 1.2, 0.8, 1.1, 0.7, 2.2, 0.9]
    for day in days(date(2023, 1, 2), date(2024, 6, 16)):
        if day.month == 12 and day.day == 25:
            continue
        for _ in range(rng.randrange(2, 6 if day.weekday() < 5 else 8)):
            store = rng.choices(stores, weights)[0]
            hour = rng.choices(range(7, 19), [5, 9, 8, 5, 4, 6, 7, 5, 4, 4, 3, 1])[0]
            moment = datetime(day.year, day.month, day.day, hour, rng.randrange(60))
            member = rng.choice(members)[0] if rng.random() < 0.45 else ""
            payment = rng.choices(["Card", "Cash", "App"], [6, 2, 3])[0]
            number += 1
            for code, _, _, price, _ in rng.sample(products[:-1], rng.choices([1, 2, 3], [5, 3, 1])[0]):
                qty = rng.choices([1, 2, 3], [8, 2, 1])[0]
                tickets.append((f"T{number}", moment.isoformat(sep=" "), store[0], member, payment, code, qty, f"{price * qty:.2f}"))
    write("coffee", "stores.csv", ["Store ID", "Store Name", "City", "Region", "Opened", "Seats"], stores)
    write("coffee", "products.csv", ["Product Code", "Product", "Product Group", "List Price", "Unit Cost"], products)
    write("coffee", "members.csv", ["Member No", "Member Name", "Joined", "Tier", "Home City"], members)
    write("coffee", "tickets.csv", ["Ticket No", "Sold At", "Store ID", "Member No", "Payment", "Product Code", "Qty", "Amount"], tickets)


def fashion():
    rng = random.Random(12)
    articles = [("Linen Shirt", "Alder", "Menswear", 49.9), ("Chino Trousers", "Alder", "Menswear", 69.0), ("Wool Coat", "Norling", "Menswear", 219.0),
                ("Oxford Shirt", "Norling", "Menswear", 59.0), ("Wrap Dress", "Belle Rue", "Womenswear", 89.0), ("Midi Skirt", "Belle Rue", "Womenswear", 64.5),
                ("Silk Blouse", "Belle Rue", "Womenswear", 99.0), ("Denim Jacket", "Alder", "Womenswear", 109.0), ("Rain Jacket", "Tarn", "Kids", 45.0),
                ("Striped Tee", "Tarn", "Kids", 14.9), ("Dungarees", "Tarn", "Kids", 32.0), ("Leather Belt", "Norling", "Accessories", 39.0),
                ("Wool Scarf", "Norling", "Accessories", 29.5), ("Canvas Tote", "Alder", "Accessories", 19.9)]
    countries = ["Germany", "Austria", "Switzerland", "Netherlands", "Denmark"]
    orders, number = [], 700000
    customers = [f"C{n}" for n in range(20001, 20421)]
    for day in days(date(2022, 1, 1), date(2023, 12, 31)):
        lift = 2 if day.month in (11, 12) else 1
        for _ in range(rng.randrange(0, 3 + lift) + (1 if day.year == 2023 else 0)):
            number += 1
            status = rng.choices(["Delivered", "Returned", "Cancelled"], [80, 13, 7])[0]
            channel = rng.choices(["Web", "App", "Marketplace"], [5, 3 if day.year == 2022 else 5, 2])[0]
            country = rng.choices(countries, [10, 4, 3, 4, 2])[0]
            customer = rng.choice(customers[: 220 + (day - date(2022, 1, 1)).days // 4])
            for article, brand, department, price in rng.sample(articles, rng.choices([1, 2, 3], [6, 3, 1])[0]):
                quantity = rng.choices([1, 2], [9, 1])[0]
                off = rng.choice([0, 0, 0, 0.1, 0.2])
                size = rng.choice(["XS", "S", "M", "L", "XL"]) if department != "Accessories" else "One Size"
                orders.append((number, day.isoformat(), status, channel, country, customer, article, brand, department, size, quantity,
                               f"{price:.2f}", f"{price * quantity * (1 - off):.2f}"))
    visits = [(day.isoformat(), channel, rng.randrange(low, high)) for day in days(date(2022, 1, 1), date(2023, 12, 31))
              for channel, low, high in (("Web", 80, 160), ("App", 40, 110), ("Marketplace", 20, 60))]
    spend = [(day.isoformat(), channel, campaign, f"{rng.uniform(60, 260):.2f}", rng.randrange(20, 140))
             for day in days(date(2022, 1, 3), date(2023, 12, 25)) if day.weekday() == 0
             for channel, campaign in (("Web", "Search Ads"), ("Web", "Newsletter"), ("App", "Push Promo"), ("Marketplace", "Sponsored Listings"))]
    write("fashion", "orders.csv", ["Order Number", "Order Date", "Order Status", "Channel", "Country", "Customer ID", "Article", "Brand", "Department",
                                    "Size", "Quantity", "Unit Price", "Net Amount"], orders)
    write("fashion", "visits.csv", ["Date", "Channel", "Visits"], visits)
    write("fashion", "spend.csv", ["Week Starting", "Channel", "Campaign", "Spend", "Clicks"], spend)


def trade():
    rng = random.Random(13)
    catalogue = {"Power Tools": {"Drills": ["Cordless Drill 18V", "Hammer Drill 850W"], "Saws": ["Circular Saw 190mm", "Jigsaw 650W"], "Sanders": ["Belt Sander", "Orbital Sander"]},
                 "Hand Tools": {"Hammers": ["Claw Hammer", "Club Hammer"], "Screwdrivers": ["Screwdriver Set 12pc", "Precision Set"], "Measuring": ["Tape Measure 5m", "Spirit Level 60cm"]},
                 "Fixings": {"Screws": ["Wood Screws 200pk", "Drywall Screws 500pk"], "Anchors": ["Wall Plugs 100pk", "Resin Anchor"]},
                 "Paint": {"Interior": ["Matt White 10L", "Silk Magnolia 5L"], "Exterior": ["Masonry Grey 10L", "Fence Stain 5L"]}}
    suppliers = ["Kestrel Tools", "Bramley Supply", "Oakford Ltd", "Delta Fastenings"]
    products = []
    for category, subs in catalogue.items():
        for sub, names in subs.items():
            for name in names:
                price = round(rng.uniform(4, 40) * (4 if category == "Power Tools" else 1), 2)
                products.append((f"{category[0]}{sub[0]}-{len(products) + 10:03d}", name, category, sub, rng.choice(suppliers), f"{price:.2f}"))
    trades = ["Builder", "Decorator", "Electrician", "Landscaper"]
    towns = ["Taunton", "Yeovil", "Bridgwater", "Exeter", "Bath"]
    names = ["Aldous & Sons", "Bright Rooms", "Castle Build", "Dorrit Decor", "Ember Electrical", "Fairway Gardens", "Gable Homes", "Hartley Bros",
             "Inside Out", "Jupiter Electric", "Kemp Construction", "Lawn & Order", "Mason Works", "Newlook Interiors", "Oak & Iron", "Pinnacle Build",
             "Quayside Painters", "Redhill Wiring", "Stonebridge", "Treetops", "Upland Builders", "Vale Decorators", "Westbury Fixers", "Yardley Gardens"]
    customers = [(f"K{n + 301}", name, trades[(n * 5) % 4 if n % 3 else n % 4], rng.choice(towns),
                  (date(2016, 1, 1) + timedelta(rng.randrange(2400))).isoformat()) for n, name in enumerate(names)]
    customers.append(("K399", "Zenith Joinery", "Builder", "Exeter", "2023-05-02"))  # never bought
    reps = ["Helen Carver", "Imran Shah", "Judith Pell", "Marco Conti"]
    rep_of = {customer[0]: rng.choice(reps) for customer in customers}
    invoices, number = [], 9000
    for day in days(date(2021, 7, 1), date(2023, 6, 30)):
        if day.weekday() > 4:
            continue
        for _ in range(rng.choices([0, 1, 2, 3], [2, 5, 3, 1])[0]):
            number += 1
            customer = rng.choices(customers[:-1], [30 - n for n in range(24)])[0]
            for product in rng.sample(products, rng.choices([1, 2, 3, 4], [4, 4, 2, 1])[0]):
                quantity = rng.randrange(1, 13)
                price = round(float(product[5]) * (1.06 if day.year == 2023 else 1) * rng.choice([1, 1, 0.95, 0.9]), 2)
                total = round(price * quantity, 2)
                cost = round(float(product[5]) * rng.uniform(0.55, 0.98) * quantity, 2)
                invoices.append((f"IN{number}", day.isoformat(), customer[0], rep_of[customer[0]], product[0], quantity, f"{price:.2f}", f"{total:.2f}",
                                 f"{cost:.2f}", f"{total - cost:.2f}"))
    months = [date(2021 + (6 + n) // 12, (6 + n) % 12 + 1, 1) for n in range(24)]
    budget = [(month.isoformat(), category, f"{base * (1.08 if month >= date(2022, 7, 1) else 1) * rng.uniform(0.8, 1.25):.0f}")
              for month in months for category, base in (("Power Tools", 13000), ("Hand Tools", 3600), ("Fixings", 2600), ("Paint", 2700))]
    stock = [((month.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1), product[0], warehouse, rng.randrange(0, 260))
             for month in months for product in products for warehouse in ("Main", "Overflow")]
    write("trade", "products.csv", ["SKU", "Description", "Category", "Sub Category", "Supplier", "List Price"], products)
    write("trade", "customers.csv", ["Customer Code", "Customer", "Trade", "Town", "Customer Since"], customers)
    write("trade", "invoices.csv", ["Invoice No", "Invoice Date", "Customer Code", "Sales Rep", "SKU", "Quantity", "Unit Price", "Line Total", "Line Cost",
                                    "Gross Profit"], invoices)
    write("trade", "budget.csv", ["Month", "Category", "Budget"], budget)
    write("trade", "stock.csv", ["Snapshot Date", "SKU", "Warehouse", "On Hand"], [(day.isoformat(), *rest) for day, *rest in stock])


def garden():
    rng = random.Random(14)
    departments = {"Plants": [("Lavender", 6.5), ("Rose Bush", 14.9), ("Boxwood", 11.0), ("Apple Tree", 39.0), ("Fern", 8.9)],
                   "Tools": [("Spade", 27.5), ("Pruner", 18.9), ("Watering Can", 12.5), ("Wheelbarrow", 74.0)],
                   "Furniture": [("Bistro Table", 129.0), ("Sun Lounger", 159.0), ("Parasol", 89.0), ("Bench", 199.0)],
                   "Soil & Feed": [("Compost 50L", 8.4), ("Bark 60L", 9.8), ("Rose Feed", 7.2)]}
    products = [(item, department, price) for department, items in departments.items() for item, price in items]
    towns = {"North": ["Alnwick", "Hexham"], "South": ["Arundel", "Lewes", "Poole"], "East": ["Ely", "Southwold"], "West": ["Ludlow", "Totnes"]}
    advisors = {"North": "B. Ashby", "South": "C. Moreau", "East": "D. Lindqvist", "West": "E. Farrow"}
    clients = []
    for n in range(160):
        district = rng.choice(list(towns))
        clients.append((f"G-{n + 4001}", f"Client {chr(65 + n % 26)}{n // 26}{chr(97 + (n * 11) % 26)}", rng.choices(["Private", "Business", "Council"], [6, 3, 1])[0],
                        district, rng.choice(towns[district])))
    rows, number = [], 31000
    for day in days(date(2019, 1, 2), date(2022, 12, 30)):
        season = 3 if day.month in (4, 5, 6) else 2 if day.month in (3, 7, 8, 9) else 1
        for _ in range(rng.randrange(0, season + 1)):
            number += 1
            client = rng.choice(clients[: 70 + (day - date(2019, 1, 2)).days // 16])
            delivery = day + timedelta(rng.randrange(1, 9 if client[3] != "South" else 6))
            for item, department, price in rng.sample(products, rng.choices([1, 2, 3], [4, 3, 2])[0]):
                units = rng.randrange(1, 9 if department in ("Plants", "Soil & Feed") else 3)
                discount = rng.choice([0, 0, 0, 0.1, 0.25])
                turnover = round(price * (1 + 0.03 * (day.year - 2019)) * units * (1 - discount), 2)
                gain = round(turnover * rng.uniform(0.12, 0.45) - price * units * (0.22 if discount == 0.25 else 0.02), 2)
                rows.append((f"{number}", day.strftime("%d/%m/%Y"), delivery.strftime("%d/%m/%Y"), *client[:3], client[3], client[4], advisors[client[3]],
                             department, item, units, f"{discount}", f"{turnover:.2f}", f"{gain:.2f}"))
    write("garden", "order_lines.csv", ["Order ID", "Order Date", "Delivery Date", "Customer ID", "Customer", "Customer Type", "District", "Town", "Advisor",
                                        "Department", "Product", "Units", "Discount", "Turnover", "Gross Profit"], rows)


if __name__ == "__main__":
    for company in (coffee, fashion, trade, garden):
        company()
