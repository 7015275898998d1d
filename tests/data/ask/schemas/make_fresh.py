#!/usr/bin/env python3
"""Writes the CSV files of five more companies, each with other words for the same things. The same bytes every time.

    python3 tests/data/ask/schemas/make_fresh.py

grocer     shops: till lines ("takings"), branches, range, loyalty members with a card number, promotions, stock counts
furniture  a webshop: order lines ("goods value"), returns that know only order and article; semicolons, dates d/m/Y
pharma     a wholesaler: a ledger of documents with credit notes, accounts, reps, products, targets, visits
dining     restaurants: checks (covers, gratuity, voided) and what was on them; the date is on the check only
sportswear a webshop: order lines with a line status, sessions, advertising, a plan by month; dollar signs, dates m/d/Y

views.sql beside the files gives the columns the short names that the cases use.
"""
import random
from datetime import date, datetime, timedelta

from make import HERE, days, write


def month_ends(first, count):
    months = [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 28) for n in range(count)]
    return [(month + timedelta(4)).replace(day=1) - timedelta(1) for month in months]


def grocer():
    rng = random.Random(21)
    branches = [("B01", "Abbeydale", "Yorkshire", "Superstore", "2004-05-14", 31000), ("B02", "Kirkgate", "Yorkshire", "Convenience", "2011-10-03", 4200),
                ("B03", "Maple Cross", "Hertfordshire", "Superstore", "2008-03-27", 28500), ("B04", "Tring Road", "Hertfordshire", "Convenience", "2016-06-20", 3800),
                ("B05", "Quayside", "Devon", "Superstore", "2013-11-08", 26000), ("B06", "Harbour Street", "Devon", "Convenience", "2019-02-11", 3500),
                ("B07", "Fosse Park", "Leicestershire", "Superstore", "2010-09-30", 33500), ("B08", "Granby Halls", "Leicestershire", "Convenience", "2022-04-25", 4000)]
    aisles = {"Fruit & Veg": [("Bananas 5pk", 1.1), ("Vine Tomatoes", 1.8), ("Baby Spinach", 1.6), ("Maris Potatoes 2kg", 2.2)],
              "Bakery": [("White Bloomer", 1.7), ("Seeded Batch", 2.1), ("Hot Cross Buns", 1.9)],
              "Dairy & Eggs": [("Semi Skimmed 2L", 1.65), ("Mature Cheddar 400g", 4.2), ("Free Range Eggs 12", 3.3), ("Greek Yoghurt", 2.4)],
              "Meat & Fish": [("Chicken Thighs 1kg", 4.9), ("Beef Mince 500g", 4.1), ("Salmon Fillets", 6.5)],
              "Frozen": [("Garden Peas 1kg", 2.0), ("Oven Chips 1.5kg", 2.9), ("Fish Fingers 20", 3.6)],
              "Household": [("Washing Liquid 1.2L", 7.5), ("Kitchen Roll 4pk", 3.9), ("Bin Liners", 2.3)],
              "Beers & Wines": [("Pale Ale 4pk", 6.8), ("Rioja Reserva", 9.9), ("Prosecco", 8.8)]}
    vendors = ["Hollins Farms", "Brandt Foods", "Cartwright & Co", "Meadowvale"]
    goods = []
    for aisle, items in aisles.items():
        for item, price in items:
            number = len(goods) + 1
            goods.append((f"50{number:02d}{number * 37 % 90 + 10}", item, aisle, rng.choice(["Yes", "No"]), rng.choice(vendors), f"{price * rng.uniform(0.55, 0.8):.2f}", price))
    unsold = ("509911", "Christmas Pudding", "Bakery", "Yes", "Brandt Foods", "2.10", 4.5)
    forenames = "Alice Ben Chloe Dan Ellie Fred Grace Harry Isla Josh Kate Leo".split()
    surnames = "Adams Barker Coles Dyer Ellis Foster Grant Hale".split()
    members = [(f"C{7000 + n * 3}", rng.choice(forenames), rng.choice(surnames), (date(1945, 1, 1) + timedelta(rng.randrange(21000))).isoformat(),
                rng.choice(["Yorkshire", "Hertfordshire", "Devon", "Leicestershire"]), (date(2020, 1, 1) + timedelta(rng.randrange(1700))).isoformat(),
                rng.choices(["Y", "N"], [2, 1])[0]) for n in range(140)]
    promotions = [("PR1", "New Year Saver", "Price Cut", "2023-01-02", "2023-01-22"), ("PR2", "Easter Treats", "Multibuy", "2023-03-27", "2023-04-10"),
                  ("PR3", "BBQ Weekend", "Multibuy", "2023-06-30", "2023-07-16"), ("PR4", "Festive Feast", "Price Cut", "2023-12-04", "2023-12-31"),
                  ("PR5", "Spring Clean", "Half Price", "2024-03-04", "2024-03-24"), ("PR6", "Summer Chill", "Multibuy", "2024-06-24", "2024-07-21")]
    paid = {"Half Price": 0.5, "Price Cut": 0.8, "Multibuy": 0.8}
    lines, basket, weights = [], 800000, [5, 2, 4, 1.5, 3.5, 1, 6, 2]
    for day in days(date(2023, 1, 1), date(2024, 9, 15)):
        for _ in range(rng.randrange(1, 5) + (2 if day.month == 12 else 0)):
            basket += 1
            branch, card = rng.choices(branches, weights)[0][0], rng.choice(members)[0] if rng.random() < 0.55 else ""
            moment = datetime(day.year, day.month, day.day, rng.choices(range(7, 22), [2, 4, 5, 6, 7, 8, 7, 6, 5, 6, 8, 9, 6, 4, 2])[0], rng.randrange(60))
            tender = rng.choices(["Contactless", "Chip & PIN", "Cash", "Gift Card"], [6, 3, 2, 0.5])[0]
            live = [promotion for promotion in promotions if promotion[3] <= day.isoformat() <= promotion[4]]
            for item in rng.sample(goods, rng.choices([1, 2, 3, 4], [4, 4, 3, 1])[0]):
                packs, promotion = rng.choices([1, 2, 3, 4], [10, 3, 1, 0.5])[0], live[0] if live and rng.random() < 0.4 else None
                takings = item[6] * packs * (paid[promotion[2]] if promotion else 1)
                lines.append((basket, moment.strftime("%d/%m/%Y %H:%M"), branch, card, item[0], packs, f"{item[6]:.2f}", promotion[0] if promotion else "", f"{takings:.2f}", tender))
    counts = [(day.isoformat(), branch[0], item[0], rng.randrange(0, 90), rng.choices([0, 1, 2, 4, 9], [8, 3, 2, 1, 0.5])[0])
              for day in month_ends(date(2023, 3, 1), 18)[::3] for branch in branches for item in goods]
    write("grocer", "branches.csv", ["Branch Code", "Branch", "County", "Format", "Opened On", "Trading Area (sq ft)"], branches)
    write("grocer", "range.csv", ["Barcode", "Item", "Aisle", "Own Label", "Vendor", "Cost Price"], [row[:6] for row in [*goods, unsold]])
    write("grocer", "loyalty_members.csv", ["Card Number", "Forename", "Surname", "Date of Birth", "Home County", "Enrolled On", "Marketing Consent"], members)
    write("grocer", "promotions.csv", ["Promo ID", "Promotion", "Mechanic", "Starts", "Ends"], promotions)
    write("grocer", "till_lines.csv", ["Basket ID", "Till Time", "Branch Code", "Card Number", "Barcode", "Packs", "Shelf Price", "Promo ID", "Takings", "Tender"], lines)
    write("grocer", "stock_counts.csv", ["Count Date", "Branch Code", "Barcode", "Packs on Hand", "Packs Wasted"], counts)


def furniture():
    rng = random.Random(22)
    articles = [("SOF-210", "Oslo 2-Seater", "Oslo", "Living Room", 649), ("SOF-310", "Oslo 3-Seater", "Oslo", "Living Room", 899),
                ("TBL-110", "Fjord Dining Table", "Fjord", "Dining Room", 540), ("CHR-120", "Fjord Chair", "Fjord", "Dining Room", 119),
                ("BED-160", "Luna Bed 160", "Luna", "Bedroom", 480), ("BED-180", "Luna Bed 180", "Luna", "Bedroom", 560),
                ("WRD-200", "Luna Wardrobe", "Luna", "Bedroom", 730), ("NST-040", "Luna Nightstand", "Luna", "Bedroom", 95),
                ("DSK-140", "Atlas Desk", "Atlas", "Home Office", 310), ("CHR-900", "Atlas Swivel Chair", "Atlas", "Home Office", 225),
                ("SHL-080", "Atlas Shelf", "Atlas", "Home Office", 140), ("LMP-010", "Stella Floor Lamp", "Stella", "Lighting", 89),
                ("LMP-020", "Stella Pendant", "Stella", "Lighting", 65), ("RUG-170", "Nomad Rug", "Nomad", "Living Room", 175)]
    towns = [("Belgium", "Ghent"), ("Belgium", "Antwerp"), ("France", "Lille"), ("France", "Paris"), ("Luxembourg", "Luxembourg"), ("Netherlands", "Breda"), ("Netherlands", "Eindhoven")]
    town_of = {f"KD{n}": rng.choices(towns, [4, 5, 2, 4, 1, 2, 3])[0] for n in range(11000, 11400)}
    clients, off = list(town_of), {"": 0, "SPRING15": 0.15, "HELLO10": 0.1}

    def text(day):
        return day.strftime("%d/%m/%Y") if day else ""

    lines, returns, number = [], [], 40000
    for day in days(date(2021, 3, 1), date(2023, 10, 31)):
        for _ in range(rng.choices([0, 1, 2], [4, 4, 1 if day.month not in (1, 11) else 6])[0]):
            number += 1
            client = rng.choice(clients[:120 + (day - date(2021, 3, 1)).days // 4])
            state = rng.choices(["Completed", "Cancelled", "On Hold"], [90, 7, 2])[0]
            sent = day + timedelta(rng.randrange(1, 9)) if state == "Completed" else None
            arrived = sent + timedelta(rng.randrange(1, 12)) if sent else None
            voucher, freight = rng.choices(["", "SPRING15", "HELLO10"], [8, 1, 1])[0], rng.choice([0, 29, 49, 79])
            carrier, route = rng.choices(["Bpost", "DPD", "Ziegler"], [4, 3, 3])[0], rng.choices(["Webshop", "Showroom", "Phone"], [7, 2, 1])[0]
            for place, (code, name, collection, room, price) in enumerate(rng.sample(articles, rng.choices([1, 2, 3], [6, 3, 1])[0])):
                pieces = rng.choices([1, 2, 4, 6], [8, 2, 1, 0.5])[0] if price < 250 else 1
                value, finish = round(price * pieces * (1 - off[voucher]), 2), rng.choice(["Oak", "Walnut", "Graphite", "Sand", "White"])
                lines.append((f"FO-{number}", text(day), text(sent), text(arrived), client, *town_of[client], route, code, name, collection, room, finish, pieces, f"{price:.2f}", voucher,
                              f"{price * pieces - value:.2f}", f"{value:.2f}", f"{value * rng.uniform(0.5, 0.78):.2f}", freight if place == 0 else 0, carrier, state))
                if state == "Completed" and rng.random() < (0.17 if room == "Lighting" else 0.09):
                    back = 1 if rng.random() < 0.7 else pieces
                    reason = rng.choice(["Damaged in transit", "Wrong colour", "Changed mind", "Too big", "Missing parts"])
                    returns.append((f"RMA{len(returns) + 3001}", f"FO-{number}", code, text(arrived + timedelta(rng.randrange(3, 28))), back, reason, f"{value / pieces * back:.2f}"))
    write("furniture", "orderlines.csv", ["Order Ref", "Ordered On", "Dispatched On", "Delivered On", "Client Ref", "Country", "City", "Sales Route", "Article Code", "Article", "Collection",
                                          "Room", "Finish", "Pieces", "List Price EUR", "Voucher", "Rebate EUR", "Goods Value EUR", "Landed Cost EUR", "Freight Charged EUR", "Carrier",
                                          "Order State"], lines, delimiter=";")
    write("furniture", "returns.csv", ["RMA No", "Order Ref", "Article Code", "Received Back", "Pieces Returned", "Return Reason", "Credited EUR"], returns, delimiter=";")


def pharma():
    rng = random.Random(23)
    reps = [("R11", "Fiona Baird", "Highlands", "2015-02-02"), ("R12", "Callum Reid", "Highlands", "2020-08-17"), ("R13", "Morag Sinclair", "Lowlands", "2012-05-01"),
            ("R14", "Ewan Drummond", "Lowlands", "2018-10-22"), ("R15", "Isla Kerr", "Borders", "2021-03-15"), ("R16", "Hamish Orr", "Islands", "2016-11-07")]
    endings = {"Independent Pharmacy": "Pharmacy", "Pharmacy Chain": "Chemists", "Hospital": "Infirmary", "Care Home": "House"}
    accounts = []
    for n in range(50):
        rep, outlet = rng.choice(reps), rng.choices(list(endings), [5, 3, 1.5, 1.5])[0]
        first = rng.choice(["Thistle", "Glen", "Heather", "Castle", "Loch", "Royal", "Bonnie", "Abbey"])
        accounts.append((f"A{1100 + n * 7}", f"{first} {endings[outlet]} {n + 1}", outlet, rep[2], rep[0], rng.choice([14, 30, 60]), rng.choice(["A", "B", "C"])))
    accounts.append(("A1999", "Dormant Chemists", "Pharmacy Chain", "Borders", "R15", 30, "C"))
    areas = {"Cardiology": ["Ramipril 5mg", "Bisoprolol 2.5mg", "Atorvastatin 20mg"], "Diabetes": ["Metformin 500mg", "Gliclazide 80mg", "Insulin Pen 5x3ml"],
             "Respiratory": ["Salbutamol Inhaler", "Beclometasone Inhaler"], "Analgesics": ["Paracetamol 500mg", "Co-codamol 30/500", "Ibuprofen 400mg"],
             "Anti-infectives": ["Amoxicillin 500mg", "Doxycycline 100mg"], "Dermatology": ["Hydrocortisone Cream", "Emollient 500g"]}
    goods = []
    for area, names in areas.items():
        for name in names:
            maker = rng.choice(["Alvion", "Pharmatek", "Brixham Labs", "Northbridge"])
            goods.append((f"PK{len(goods) * 11 + 2001}", name, area, maker, rng.choice(["Generic", "Branded"]), round(rng.uniform(1.2, 14) * (3 if "Insulin" in name else 1), 2)))
    ledger, number = [], 610000
    for day in days(date(2022, 4, 1), date(2024, 3, 31)):
        for _ in range(rng.randrange(0, 4) if day.weekday() < 5 else 0):
            number += 1
            account, credit = rng.choices(accounts[:-1], [55 - n for n in range(50)])[0], rng.random() < 0.05
            for code, _, _, _, _, price in rng.sample(goods, rng.choices([1, 2, 3, 4], [3, 3, 2, 1])[0]):
                packs = rng.randrange(2, 60)
                net = round(price * rng.uniform(0.93, 1.05) * (1.04 if day >= date(2023, 4, 1) else 1) * packs, 2)
                cost = round(price * packs * rng.uniform(0.72, 1.0), 2)
                if credit:
                    packs, net, cost = -max(1, packs // 4), -round(net / 4, 2), -round(cost / 4, 2)
                ledger.append((f"{'CN' if credit else 'SI'}{number}", day.isoformat(), account[0], account[4], code, packs, f"{net:.2f}", f"{cost:.2f}"))
    months = [date(2022 + (n + 3) // 12, (n + 3) % 12 + 1, 1) for n in range(24)]
    targets = [(month.isoformat(), rep[0], f"{rng.uniform(0.85, 1.2) * base:.0f}") for month in months for rep, base in zip(reps, (4200, 3800, 6500, 4500, 3000, 2800))]
    visits = [((date(2022, 4, 4) + timedelta(7 * week)).isoformat(), rep[0], rng.randrange(6, 26)) for week in range(104) for rep in reps]
    write("pharma", "accounts.csv", ["Account No", "Account Name", "Outlet Type", "Territory", "Rep Code", "Credit Days", "Tier"], accounts)
    write("pharma", "reps.csv", ["Rep Code", "Rep Name", "Home Territory", "Hired On"], reps)
    write("pharma", "product_list.csv", ["Pack Code", "Preparation", "Therapy Area", "Manufacturer", "Generic or Branded", "NHS List Price"], goods)
    write("pharma", "ledger.csv", ["Document No", "Document Date", "Account No", "Rep Code", "Pack Code", "Packs", "Net Amount GBP", "Cost of Goods GBP"], ledger)
    write("pharma", "targets.csv", ["Target Month", "Rep Code", "Target GBP"], targets)
    write("pharma", "visits.csv", ["Week Commencing", "Rep Code", "Calls Made"], visits)


def dining():
    rng = random.Random(24)
    sites = [("S1", "Bluefin Soho", "London", "Seafood", 84, "2014-06-01"), ("S2", "Bluefin Bristol", "Bristol", "Seafood", 62, "2019-09-14"),
             ("S3", "Casa Paloma", "London", "Tapas", 70, "2016-03-21"), ("S4", "Casa Paloma Cardiff", "Cardiff", "Tapas", 58, "2021-11-05"), ("S5", "The Copper Kettle", "Bath", "Brunch", 46, "2018-02-17")]
    courses = {"Starter": [("Crab Croquettes", 9.5), ("Padron Peppers", 6), ("Burrata", 8.5)],
               "Main": [("Grilled Sea Bass", 22), ("Lobster Roll", 26), ("Lamb Chops", 24), ("Mushroom Paella", 17), ("Eggs Benedict", 13), ("Shakshuka", 11.5)],
               "Side": [("Truffle Fries", 5.5), ("House Salad", 5), ("Sourdough", 4)], "Dessert": [("Basque Cheesecake", 7.5), ("Churros", 7), ("Lemon Tart", 7.2)],
               "Drink": [("House Red Glass", 6.5), ("Albarino Bottle", 34), ("Negroni", 10.5), ("Flat White", 3.6), ("Sparkling Water", 3.2)]}
    menu = []
    for course, dishes in courses.items():
        for dish, price in dishes:
            vegetarian = rng.choice(["Yes", "No"]) if course != "Main" else "Yes" if dish in ("Mushroom Paella", "Shakshuka") else "No"
            menu.append((f"M{len(menu) + 10}", dish, course, vegetarian, price, round(price * rng.uniform(0.2, 0.42), 2)))
    hours = [9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21]
    checks, items, number, waiters = [], [], 9000, ["Ana", "Bartek", "Chidi", "Daria", "Eoin", "Freya", "Gio"]
    for day in days(date(2023, 4, 3), date(2024, 8, 25)):
        for site, weight in zip(sites, (5, 3, 4, 2, 3)):
            if site[0] == "S4" and day.weekday() == 0:
                continue
            for _ in range(max(0, int(rng.gauss(weight * 0.22 * (1.6 if day.weekday() >= 4 else 1), 0.7)))):
                number += 1
                hour = rng.choices(hours, [7, 9, 8, 7, 6, 3, 0.2, 0.1, 0.1, 0.1, 0.1] if site[0] == "S5" else [2, 3, 2, 6, 7, 3, 2, 6, 9, 8, 4])[0]
                covers, service, total = rng.choices([1, 2, 3, 4, 6, 8], [2, 9, 3, 5, 1.5, 0.5])[0], rng.choices(["Dine In", "Takeaway", "Delivery"], [8, 1.5, 1])[0], 0
                voided = rng.random() < 0.03
                for dish in rng.sample(menu, rng.choices([1, 2, 3, 4, 5], [1, 2, 4, 3, 2])[0]):
                    portions = rng.choices([1, 2, covers], [5, 3, 1])[0]
                    value = round(dish[4] * portions * (0 if rng.random() < 0.02 else 1), 2)
                    total += value
                    items.append((f"K{number}", dish[0], portions, f"{value:.2f}"))
                tip = total * rng.choice([0, 0.1, 0.125, 0.15]) if service == "Dine In" else 0
                checks.append((f"K{number}", f"{day.isoformat()}T{hour:02d}:{rng.randrange(60):02d}:00", site[0], rng.choice(waiters), covers if service == "Dine In" else 1, service, f"{tip:.2f}",
                               rng.choices(["card", "cash", "voucher"], [8, 1, 0.5])[0], "true" if voided else "false", rng.choice([3, 4, 4, 5, 5]) if rng.random() < 0.35 else ""))
    write("dining", "sites.csv", ["site_id", "restaurant", "town", "concept", "seats", "opened"], sites)
    write("dining", "menu.csv", ["item_code", "dish", "course", "vegetarian", "menu_price", "plate_cost"], menu)
    write("dining", "checks.csv", ["check_no", "seated_at", "site_id", "waiter", "covers", "service_type", "gratuity", "payment", "voided", "guest_score"], checks)
    write("dining", "check_items.csv", ["check_no", "item_code", "portions", "food_and_drink_sales"], items)


def sportswear():
    rng = random.Random(25)
    styles = [("Trail Runner 2", "Running", "Shoes", "Stride", 129), ("Road Racer", "Running", "Shoes", "Velo", 159), ("Split Shorts", "Running", "Apparel", "Stride", 39),
              ("Rain Shell", "Hiking", "Apparel", "Summit", 149), ("Daypack 22L", "Hiking", "Gear", "Summit", 89), ("Trekking Poles", "Hiking", "Gear", "Summit", 69),
              ("Yoga Mat Pro", "Yoga", "Gear", "Zenfit", 59), ("Flow Leggings", "Yoga", "Apparel", "Zenfit", 75), ("Match Ball", "Soccer", "Gear", "Kickr", 45),
              ("Club Jersey", "Soccer", "Apparel", "Kickr", 65), ("Firm Ground Boots", "Soccer", "Shoes", "Velo", 119), ("Bike Helmet", "Cycling", "Gear", "Velo", 99),
              ("Bib Tights", "Cycling", "Apparel", "Velo", 109), ("Hydration Vest", "Running", "Gear", "Stride", 95)]
    channels, states = ["Paid Search", "Organic", "Email", "Affiliates", "Social"], ["CA", "NY", "TX", "WA", "CO", "FL", "OR"]
    lines, number = [], 500100
    for day in days(date(2022, 1, 1), date(2024, 5, 31)):
        for _ in range(rng.randrange(0, 3 + (day.month in (5, 11, 12))) + (1 if day.year > 2022 and day.day % 2 else 0)):
            number += 1
            shopper = rng.randrange(500 + (day - date(2022, 1, 1)).days // 2)
            state = states[shopper * 7 % len(states)] if shopper % 5 else rng.choice(states)
            channel, device = rng.choices(channels, [5, 4, 3, 1, 2 if day.year < 2024 else 4])[0], rng.choices(["Mobile", "Desktop", "Tablet"], [6, 4, 1])[0]
            gender, tier = "FMX"[shopper % 7 % 3] if shopper % 11 else "", "Basic" if shopper % 4 else "Plus" if shopper % 8 else "Elite"
            for style, sport, kind, label, price in rng.sample(styles, rng.choices([1, 2, 3], [6, 3, 1])[0]):
                quantity, markdown = rng.choices([1, 2, 3], [9, 2, 0.5])[0], rng.choice([0, 0, 0, 0, 10, 20, 30])
                status = rng.choices(["fulfilled", "refunded", "cancelled"], [88, 8, 4])[0]
                lines.append((number, day.strftime("%m/%d/%Y"), f"SH{shopper + 1000}", gender, tier, state, channel, device, style, sport, kind, label, quantity, f"${price * quantity:,.2f}",
                              f"{markdown}%", f"${price * quantity * (100 - markdown) / 100:,.2f}", f"${price * quantity * rng.uniform(0.38, 0.75):,.2f}", status))
    sessions = []
    for day in days(date(2022, 1, 1), date(2024, 5, 31)):
        for channel, low, high in zip(channels, (60, 50, 25, 8, 30), (140, 120, 70, 30, 80)):
            count = rng.randrange(low, high)
            sessions.append((day.strftime("%m/%d/%Y"), channel, count, int(count * rng.uniform(0.05, 0.15))))
    campaigns = (("Paid Search", "Brand Terms"), ("Paid Search", "Generic Terms"), ("Social", "Retargeting"), ("Affiliates", "Partner Boost"))
    advertising = [(day.strftime("%m/%d/%Y"), channel, campaign, f"${rng.uniform(15, 90):.2f}", rng.randrange(900, 9000), rng.randrange(10, 90))
                   for day in days(date(2022, 1, 1), date(2024, 5, 31)) for channel, campaign in campaigns if rng.random() < 0.25]
    plan = [(f"{2022 + n // 12}-{n % 12 + 1:02d}", channel, f"${base * rng.uniform(0.8, 1.25) * (1.1 if n > 11 else 1):,.0f}")
            for n in range(29) for channel, base in zip(channels, (2300, 1900, 1400, 500, 1200))]
    write("sportswear", "order_items.csv", ["Order No", "Purchase Date", "Shopper ID", "Gender", "Membership", "Ship State", "Marketing Channel", "Device", "Style", "Sport", "Type", "Label",
                                            "Qty", "Gross Sales", "Markdown %", "Net Sales", "COGS", "Line Status"], lines)
    write("sportswear", "sessions.csv", ["Session Date", "Marketing Channel", "Sessions", "Carts"], sessions)
    write("sportswear", "ad_costs.csv", ["Ad Date", "Marketing Channel", "Ad Campaign", "Ad Cost", "Impressions", "Ad Clicks"], advertising)
    write("sportswear", "plan.csv", ["Plan Month", "Marketing Channel", "Planned Net Sales"], plan)


if __name__ == "__main__":
    for company in (grocer, furniture, pharma, dining, sportswear):
        company()
    print(f"written below {HERE}")
