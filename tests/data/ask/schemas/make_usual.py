#!/usr/bin/env python3
"""Writes the CSV files of nine companies whose exports look as exports that many people have seen. The same bytes every time.

    python3 tests/data/ask/schemas/make_usual.py

weekly   a chain: sales of each department and week, stores with a size, fuel prices and unemployment by store and week
drugs    a drug store chain: a row for each store and day; customers are a count, flags are 0 and 1
outlets  items of outlets, no date at all; every header begins with Item or Outlet
models   orders of scale models: headers in capitals, dates with a clock, statuses, deal sizes
shoppers one row a shopper: age, yes and no, frequency; no date
dealers  sales through dealers that have an id and a name; dollar signs and thousands in numbers
bazaar   a market place: orders without items, a customer id for each order, payments, reviews, sellers, translated names
traders  a wholesaler: order details with a discount, employees, suppliers, carriers under another name
gadgets  an electronics chain: receipts gross and net, visitors by store and day, stock by week

views.sql beside the files gives the columns the short names that the cases use.
"""
import random
from datetime import date, datetime, timedelta

from make import days, write


def money(value):
    return f"{value:.2f}"


def weekly():
    rng = random.Random(41)
    stores = [(n, rng.choices("ABC", [5, 4, 2])[0], rng.randrange(35000, 220000)) for n in range(1, 7)]
    fridays = [date(2010, 2, 5) + timedelta(7 * n) for n in range(120)]
    holidays = {date(2010, 2, 12), date(2011, 2, 11), date(2012, 2, 10), date(2010, 9, 10), date(2011, 9, 9), date(2010, 11, 26),
                date(2011, 11, 25), date(2010, 12, 31), date(2011, 12, 30)}
    departments = {1: 24000, 2: 41000, 5: 9000, 13: 30000, 40: 52000, 72: 17000}
    sales, features = [], []
    for store, _, size in stores:
        for week, friday in enumerate(fridays):
            flag = "TRUE" if friday in holidays else "FALSE"
            known = friday >= date(2011, 11, 11)
            features.append((store, friday, money(rng.uniform(25, 95)), f"{2.5 + week / 128 + rng.uniform(-.1, .1):.3f}",
                             money(rng.uniform(20, 9000)) if known else "NA", f"{211 + week / 10:.4f}", f"{8.1 - week / 128 + store / 30:.3f}", flag))
            for department, base in departments.items():
                if rng.random() < .35 and department != 1 or department == 40 and store == 5:
                    continue
                value = base * size / 120000 * rng.uniform(.8, 1.2) * (1.3 if friday in holidays else 1)
                sales.append((store, department, friday, money(value), flag))
    write("weekly", "train.csv", ["Store", "Dept", "Date", "Weekly_Sales", "IsHoliday"], sales)
    write("weekly", "stores.csv", ["Store", "Type", "Size"], stores)
    write("weekly", "features.csv", ["Store", "Date", "Temperature", "Fuel_Price", "MarkDown1", "CPI", "Unemployment", "IsHoliday"], features)


def drugs():
    rng = random.Random(42)
    stores = []
    for number in range(1, 13):
        second = rng.randrange(2)
        stores.append((number, rng.choice("abcd"), rng.choice("aacb"), rng.choice([50, 120, 310, 570, 1270, 4590]), second,
                       rng.randrange(2009, 2015) if second else "", rng.choice(["Jan,Apr,Jul,Oct", "Mar,Jun,Sept,Dec"]) if second else ""))
    rows = []
    for day in days(date(2014, 1, 1), date(2015, 7, 31)):
        for store in stores:
            if rng.random() < .55:
                continue
            holiday = "a" if (day.month, day.day) in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26), (1, 6), (4, 3), (4, 6)) else "0"
            is_open = int(day.weekday() < 6 and holiday == "0")
            promo = int(day.weekday() < 5 and (day - date(2014, 1, 6)).days // 7 % 2 == 0)
            customers = int(rng.gauss(620, 120) * (1.2 if promo else 1)) if is_open else 0
            rows.append((store[0], day.isoweekday(), day, int(customers * rng.uniform(8, 10.5)), customers, is_open, promo, holiday,
                         int(day.month in (7, 8))))
    write("drugs", "train.csv", ["Store", "DayOfWeek", "Date", "Sales", "Customers", "Open", "Promo", "StateHoliday", "SchoolHoliday"], rows)
    write("drugs", "store.csv", ["Store", "StoreType", "Assortment", "CompetitionDistance", "Promo2", "Promo2SinceYear", "PromoInterval"], stores)


def outlets():
    rng = random.Random(43)
    places = [("OUT010", 1998, "", "Tier 3", "Grocery Store"), ("OUT013", 1987, "High", "Tier 3", "Supermarket Type1"),
              ("OUT018", 2009, "Medium", "Tier 3", "Supermarket Type2"), ("OUT019", 1985, "Small", "Tier 1", "Grocery Store"),
              ("OUT027", 1985, "Medium", "Tier 3", "Supermarket Type3"), ("OUT035", 2004, "Small", "Tier 2", "Supermarket Type1")]
    kinds = ["Dairy", "Soft Drinks", "Meat", "Fruits and Vegetables", "Household", "Snack Foods", "Frozen Foods", "Breakfast", "Seafood"]
    rows = []
    for number in range(1, 181):
        kind = rng.choices(kinds, [7, 5, 4, 12, 9, 12, 8, 1, 1])[0]
        item = (f"FD{rng.choice('ABCX')}{number:03d}", "" if rng.random() < .15 else round(rng.uniform(4.5, 21), 2), rng.choice(["Low Fat", "Regular"]),
                f"{rng.uniform(0, .2):.6f}", kind, f"{rng.uniform(32, 266):.4f}")
        for place in places:
            if rng.random() < .7:
                factor = .25 if "Grocery" in place[4] else 1.4 if place[4].endswith("3") else 1
                rows.append((*item, *place, f"{float(item[5]) * rng.uniform(3, 18) * factor:.4f}"))
    write("outlets", "train.csv", ["Item_Identifier", "Item_Weight", "Item_Fat_Content", "Item_Visibility", "Item_Type", "Item_MRP",
                                   "Outlet_Identifier", "Outlet_Establishment_Year", "Outlet_Size", "Outlet_Location_Type", "Outlet_Type",
                                   "Item_Outlet_Sales"], rows)


def models():
    rng = random.Random(44)
    places = [("Riverton", "USA", "NA"), ("Bayfield", "USA", "NA"), ("Lyon", "France", "EMEA"), ("Nantes", "France", "EMEA"),
              ("Madrid", "Spain", "EMEA"), ("London", "UK", "EMEA"), ("Tokyo", "Japan", "Japan"), ("Perth", "Australia", "APAC")]
    names = [f"{a} {b}" for a in ("Mini", "Atelier", "Signal", "Classic", "Motor") for b in ("Wheels", "Gifts", "Depot", "Canal")]
    customers = [(name, *rng.choice(places)) for name in names]
    lines = {"Classic Cars": 8, "Motorcycles": 5, "Vintage Cars": 5, "Planes": 4, "Ships": 4, "Trains": 2}
    products = [(f"S{rng.choice([10, 18, 24, 700])}_{rng.randrange(1000, 4999)}", line, rng.randrange(40, 210)) for line, count in lines.items() for _ in range(count)]
    rows, order = [], 10100
    for day in days(date(2003, 1, 6), date(2005, 5, 31)):
        for _ in range(rng.choices([0, 1, 2], [6, 3, 1])[0]):
            order += 1
            customer = rng.choice(customers)
            status = rng.choices(["Shipped", "Cancelled", "On Hold", "In Process"], [92, 3, 2, 2])[0]
            for number, product in enumerate(rng.sample(products, rng.randrange(1, 6)), 1):
                count, price = rng.randrange(15, 66), round(product[2] * rng.uniform(.75, 1.2), 2)
                size = "Small" if count * price < 3000 else "Medium" if count * price < 7000 else "Large"
                rows.append((order, count, money(price), number, money(count * price), f"{day.month}/{day.day}/{day.year} 0:00", status,
                             (day.month - 1) // 3 + 1, day.month, day.year, product[1], product[2], product[0], customer[0], customer[1], customer[2],
                             customer[3], size))
    write("models", "sales.csv", "ORDERNUMBER QUANTITYORDERED PRICEEACH ORDERLINENUMBER SALES ORDERDATE STATUS QTR_ID MONTH_ID YEAR_ID PRODUCTLINE "
          "MSRP PRODUCTCODE CUSTOMERNAME CITY COUNTRY TERRITORY DEALSIZE".split(), rows)


def shoppers():
    rng = random.Random(45)
    goods = {"Clothing": ["Blouse", "Sweater", "Jeans", "Dress"], "Footwear": ["Sandals", "Sneakers", "Boots"], "Outerwear": ["Coat", "Jacket"],
             "Accessories": ["Handbag", "Scarf", "Hat", "Belt"]}
    places = ["Kentucky", "Maine", "Oregon", "Texas", "California", "New York", "Vermont", "Illinois"]
    rows = []
    for number in range(1, 1201):
        kind = rng.choices(list(goods), [9, 3, 2, 6])[0]
        rows.append((number, rng.randrange(18, 71), rng.choice(["Male", "Male", "Female"]), rng.choice(goods[kind]), kind, rng.randrange(20, 101),
                     rng.choice(places), rng.choice(["S", "M", "L", "XL"]), rng.choice(["Gray", "White", "Teal", "Red", "Olive"]),
                     rng.choice(["Winter", "Spring", "Summer", "Fall"]), f"{rng.uniform(2.5, 5):.1f}", rng.choices(["Yes", "No"], [3, 7])[0],
                     rng.choice(["Express", "Standard", "Store Pickup"]), rng.choices(["Yes", "No"], [4, 6])[0], rng.randrange(1, 51),
                     rng.choice(["Cash", "Credit Card", "PayPal"]), rng.choice(["Weekly", "Monthly", "Quarterly", "Annually"])))
    write("shoppers", "shopping_trends.csv", ["Customer ID", "Age", "Gender", "Item Purchased", "Category", "Purchase Amount (USD)", "Location", "Size",
                                              "Color", "Season", "Review Rating", "Subscription Status", "Shipping Type", "Discount Applied",
                                              "Previous Purchases", "Payment Method", "Frequency of Purchases"], rows)


def dealers():
    rng = random.Random(46)
    shops = [("Peak Sports", 1185732), ("Harbor Mart", 1128299), ("Sole Direct", 1197831), ("West Trail", 1136111)]
    places = [("Northeast", "Pennsylvania", "Philadelphia"), ("Northeast", "Massachusetts", "Boston"), ("South", "Texas", "Houston"), ("South", "Texas", "Dallas"),
              ("West", "California", "San Francisco"), ("West", "California", "Los Angeles"), ("West", "Nevada", "Las Vegas"), ("Midwest", "Ohio", "Columbus")]
    goods = [("Men's Street Footwear", 50), ("Men's Athletic Footwear", 45), ("Women's Street Footwear", 42), ("Women's Apparel", 60)]
    rows = []
    for day in days(date(2020, 1, 1), date(2021, 12, 31)):
        for _ in range(rng.randrange(1, 3)):
            shop, place, article = rng.choice(shops), rng.choice(places), rng.choice(goods)
            units, price, margin = rng.randrange(50, 1300), int(article[1] * rng.uniform(.7, 1.4)), rng.choice([30, 35, 40, 45, 50])
            rows.append((*shop, f"{day.month}/{day.day}/{day.year}", *place, article[0], f"${price}.00", f"{units:,}", f"${units * price:,}",
                         f"${round(units * price * margin / 100):,}", f"{margin}%", rng.choice(["In-store", "Outlet", "Online"])))
    write("dealers", "dealer_sales.csv", ["Retailer", "Retailer ID", "Invoice Date", "Region", "State", "City", "Product", "Price per Unit", "Units Sold",
                                          "Total Sales", "Operating Profit", "Operating Margin", "Sales Method"], rows)


def bazaar():
    rng = random.Random(51)

    def code():
        return f"{rng.getrandbits(64):016x}"
    places = [("sao paulo", "SP"), ("rio de janeiro", "RJ"), ("curitiba", "PR"), ("salvador", "BA"), ("fortaleza", "CE")]
    names = [("beleza_saude", "health_beauty"), ("cama_mesa_banho", "bed_bath_table"), ("brinquedos", "toys"), ("telefonia", "telephony")]
    sellers = [(code(), *rng.choices(places, [9, 3, 4, 2, 1])[0]) for _ in range(12)]
    products = [(code(), rng.choice(names)[0], rng.randrange(100, 9000), round(rng.uniform(15, 300), 2)) for _ in range(50)]
    people = [(code(), rng.choices(places, [9, 5, 3, 2, 1])[0]) for _ in range(260)]
    customers, orders, items, payments, reviews = [], [], [], [], []
    for day in days(date(2017, 3, 5), date(2018, 8, 29)):
        for _ in range(rng.choices([0, 1, 2], [5, 4, 1])[0]):
            person, customer, order = rng.choice(people), code(), code()
            at = datetime(day.year, day.month, day.day, rng.randrange(24), rng.randrange(60))
            status = rng.choices(["delivered", "shipped", "canceled", "unavailable"], [93, 3, 3, 3])[0]
            done = at + timedelta(hours=rng.randrange(60, 560))
            customers.append((customer, person[0], *person[1]))
            orders.append((order, customer, status, at, done if status == "delivered" else "", day + timedelta(rng.randrange(12, 30))))
            total = 0
            for number in range(1, 1 if status == "unavailable" else rng.choices([2, 3, 4], [9, 2, 1])[0]):
                product, freight = rng.choice(products), round(rng.uniform(8, 40), 2)
                total += product[3] + freight
                items.append((order, number, product[0], rng.choice(sellers)[0], money(product[3]), money(freight)))
            kind = rng.choices(["credit_card", "boleto", "voucher"], [75, 19, 5])[0]
            parts = 2 if rng.random() < .06 else 1
            for part in range(1, parts + 1):
                payments.append((order, part, kind, rng.choice([1, 1, 2, 4]) if kind == "credit_card" else 1, money(total / parts)))
            if rng.random() < .95:
                reviews.append((code(), order, rng.choices([5, 4, 3, 1], [57, 19, 10, 14])[0], done.date() + timedelta(1)))
    write("bazaar", "customers.csv", ["customer_id", "customer_unique_id", "customer_city", "customer_state"], customers)
    write("bazaar", "orders.csv", ["order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_delivered_customer_date",
                                   "order_estimated_delivery_date"], orders)
    write("bazaar", "order_items.csv", ["order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"], items)
    write("bazaar", "order_payments.csv", ["order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"], payments)
    write("bazaar", "order_reviews.csv", ["review_id", "order_id", "review_score", "review_creation_date"], reviews)
    write("bazaar", "products.csv", ["product_id", "product_category_name", "product_weight_g"], [product[:3] for product in products])
    write("bazaar", "sellers.csv", ["seller_id", "seller_city", "seller_state"], sellers)
    write("bazaar", "category_translation.csv", ["product_category_name", "product_category_name_english"], names)


def traders():
    rng = random.Random(52)
    categories = [(1, "Beverages"), (2, "Condiments"), (3, "Confections"), (4, "Seafood")]
    suppliers = [(1, "Fair Isle Drinks", "UK"), (2, "Hokkaido Foods", "Japan"), (3, "Koala Sweets", "Australia"), (4, "Fjord Dairy", "Norway")]
    names = {1: ["Green Tea", "Ginger Ale", "Oat Stout"], 2: ["Fig Mustard", "Bean Paste", "Gumbo Base"], 3: ["Scone Mix", "Toffee", "Cocoa Bar"],
             4: ["Kelp", "Herring", "Crab Meat"]}
    products = []
    for category, of_category in names.items():
        for name in of_category:
            products.append((len(products) + 1, name, rng.choice(suppliers)[0], category, rng.choice(["10 boxes", "12 bottles"]),
                             money(rng.uniform(4, 90)), rng.randrange(120), rng.choices([0, 1], [9, 2])[0]))
    employees = [(1, "Ashdown", "Nora", "Sales Representative", "2012-05-01", "USA", 2), (2, "Fletcher", "Amos", "Sales Manager", "2012-08-14", "USA", ""),
                 (3, "Lindqvist", "Jane", "Sales Representative", "2012-04-01", "UK", 2), (4, "Pemberton", "Maud", "Sales Representative", "2013-05-03", "UK", 2)]
    towns = {"Germany": "Berlin", "Mexico": "Puebla", "Sweden": "Lulea", "France": "Nantes", "Brazil": "Campinas", "USA": "Portland"}
    customers = []
    for number in range(30):
        country = rng.choice(list(towns))
        customers.append((f"CU{chr(65 + number % 26)}{number:02d}", f"{rng.choice(['Alder', 'Birch', 'Cedar', 'Hazel'])} {rng.choice(['Markt', 'Trading', 'Foods'])} {number}",
                          towns[country], country))
    carriers = [(1, "Swift Parcel"), (2, "Union Freight"), (3, "Harrow Shipping")]
    orders, details, order = [], [], 10247
    for day in days(date(2016, 7, 4), date(2018, 5, 4)):
        if day.weekday() > 4 or rng.random() < .25:
            continue
        order += 1
        customer, sent = rng.choice(customers[:-2]), day + timedelta(rng.randrange(2, 34))
        orders.append((order, customer[0], rng.choice(employees)[0], day, day + timedelta(28), sent if sent < date(2018, 5, 5) else "NULL",
                       rng.choice(carriers)[0], money(rng.expovariate(1 / 78)), customer[3]))
        for product in rng.sample(products, rng.choices([1, 2, 3], [3, 4, 2])[0]):
            price = float(product[5]) * (1 if day.year > 2016 else .8)
            details.append((order, product[0], money(price), rng.choice([2, 5, 10, 12, 20, 40]), rng.choices([0, .05, .1, .2], [12, 2, 2, 2])[0]))
    write("traders", "categories.csv", ["CategoryID", "CategoryName"], categories)
    write("traders", "suppliers.csv", ["SupplierID", "CompanyName", "Country"], suppliers)
    write("traders", "products.csv", ["ProductID", "ProductName", "SupplierID", "CategoryID", "QuantityPerUnit", "UnitPrice", "UnitsInStock", "Discontinued"], products)
    write("traders", "employees.csv", ["EmployeeID", "LastName", "FirstName", "Title", "HireDate", "Country", "ReportsTo"], employees)
    write("traders", "customers.csv", ["CustomerID", "CompanyName", "City", "Country"], customers)
    write("traders", "shippers.csv", ["ShipperID", "CompanyName"], carriers)
    write("traders", "orders.csv", ["OrderID", "CustomerID", "EmployeeID", "OrderDate", "RequiredDate", "ShippedDate", "ShipVia", "Freight", "ShipCountry"], orders)
    write("traders", "order_details.csv", ["OrderID", "ProductID", "UnitPrice", "Quantity", "Discount"], details)


def gadgets():
    rng = random.Random(57)
    stores = [("TX1", "Riverside Mall", "North", "Mall"), ("TX2", "Station Square", "North", "High Street"), ("TX3", "Harbour Point", "South", "Retail Park"),
              ("TX4", "Kingsgate", "South", "Mall"), ("TX5", "Airport T2", "East", "Travel")]
    goods = [("Aura 55 TV", "Televisions", "Aura", 549), ("Nexo Phone 5", "Phones", "Nexo", 429), ("Beam Earbuds", "Audio", "Beam", 89), ("Beam Soundbar", "Audio", "Beam", 199),
             ("Slate Laptop 14", "Computing", "Slate", 749), ("HDMI Cable 2m", "Accessories", "Generic", 12), ("Phone Case", "Accessories", "Generic", 19)]
    items = [(f"E{200 + n}", *article, "Goods") for n, article in enumerate(goods)] + [("E290", "2 Year Warranty", "Services", "TX Care", 59, "Warranty")]
    receipts, traffic, stock, number = [], [], [], 0
    for day in days(date(2023, 5, 1), date(2024, 7, 31)):
        written = day.strftime("%d-%b-%Y")
        for store in stores:
            if store[0] != "TX5" and day.weekday() == 6:
                continue
            traffic.append((written, store[0], int(rng.uniform(60, 160) * (1.5 if day.weekday() == 5 else 1)), money(rng.uniform(20, 60))))
            if rng.random() < .45:
                number += 1
                sold = [rng.choices(items[:-1], [2, 3, 5, 2, 2, 6, 6])[0]]
                if sold[0][4] > 150 and rng.random() < .35:
                    sold.append(items[-1])
                head = (f"R{number:06d}", written, f"{rng.randrange(9, 20):02d}:{rng.randrange(60):02d}", store[0], rng.choice(["Amy T.", "Boris K.", "Carla V."]),
                        rng.choice([f"M{rng.randrange(1, 200):05d}", ""]))
                for item in sold:
                    count = 1 if item[4] > 50 else rng.choice([1, 1, 2])
                    receipts.append((*head, item[0], count, money(item[4] * count * 1.2), money(item[4] * count), money(item[4] * count * rng.uniform(.6, .85)),
                                     rng.choice(["Card", "Cash", "Finance"])))
        if day.weekday() == 6 and day.day < 8:
            stock += [(written, store[0], item[0], rng.randrange(40), money(item[4] * .7)) for store in stores for item in items[:-1]]
    write("gadgets", "receipts.csv", ["Receipt", "Date", "Time", "Store Code", "Sales Rep", "Member No", "Item Code", "Qty", "Gross Amt", "Net Amt", "Cost Amt",
                                      "Tender Type"], receipts)
    write("gadgets", "items.csv", ["Item Code", "Item Description", "Dept", "Brand", "Ticket Price", "Line Type"], items)
    write("gadgets", "shops.csv", ["Store Code", "Store Name", "Area", "Location Type"], stores)
    write("gadgets", "traffic.csv", ["Date", "Store Code", "Visitors", "Staff Hours"], traffic)
    write("gadgets", "stock_snapshot.csv", ["Week Ending", "Store Code", "Item Code", "On Hand", "Unit Cost"], stock)


if __name__ == "__main__":
    for company in (weekly, drugs, outlets, models, shoppers, dealers, bazaar, traders, gadgets):
        company()
