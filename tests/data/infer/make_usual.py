#!/usr/bin/env python3
"""Companies as make.py makes them, with the habits of exports that many people know: counts of customers beside sales,
orders without lines, a customer id for each order, gross beside net, ids beside names, numbers of carriers."""
import random
from datetime import date, datetime, timedelta

from make import days, money, write


def plaza():
    """One row for each store and day; customers are a count, flags are 0 and 1, a store has a size and a year."""
    chance = random.Random(71)
    stores = [(n, chance.choice("abc"), chance.randrange(4000, 30000, 50), chance.randrange(1998, 2015), chance.randrange(2)) for n in range(1, 9)]
    rows = []
    for day in days(date(2022, 11, 1), date(2023, 2, 28)):
        for store in stores:
            is_open = int(day.weekday() < 6)
            customers = chance.randrange(150, 900) if is_open else 0
            if chance.random() < 0.4:
                rows.append((store[0], day.isoweekday(), day, customers * chance.randrange(8, 11), customers, is_open, int(day.day % 14 < 5)))
    write("plaza", "daily.csv", ["Store", "DayOfWeek", "Date", "Sales", "Customers", "Open", "Promo"], rows)
    write("plaza", "store.csv", ["Store", "StoreType", "Size", "OpenSinceYear", "Promo2"], stores)


def quay():
    """A market place: some orders hold nothing, each order has a customer id of its own, payments share the key of orders."""
    chance = random.Random(72)

    def code():
        return "%016x" % chance.getrandbits(64)
    goods = [(code(), chance.choice(["toys", "garden", "audio"]), money(chance.uniform(5, 90))) for _ in range(25)]
    people = [(code(), chance.choice(["porto", "lisboa", "braga"])) for _ in range(60)]
    customers, orders, items, payments = [], [], [], []
    for day in days(date(2022, 9, 1), date(2023, 3, 31)):
        person, customer, order = chance.choice(people), code(), code()
        at = datetime(day.year, day.month, day.day, chance.randrange(24), chance.randrange(60))
        done = at + timedelta(hours=chance.randrange(40, 500))
        status = chance.choices(["delivered", "canceled", "unavailable"], [90, 5, 5])[0]
        customers.append((customer, person[0], person[1]))
        orders.append((order, customer, status, at, done if status == "delivered" else "", day + timedelta(14)))
        total = 0
        for number in range(1, chance.randrange(2, 4) if status != "unavailable" else 1):
            article = chance.choice(goods)
            total += article[2]
            items.append((order, number, article[0], article[2], money(chance.uniform(3, 12))))
        payments.append((order, chance.choice(["card", "voucher"]), total))
    write("quay", "customers.csv", ["customer_id", "customer_unique_id", "customer_city"], customers)
    write("quay", "orders.csv", ["order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_delivered_customer_date",
                                 "order_estimated_delivery_date"], orders)
    write("quay", "items.csv", ["order_id", "order_item_id", "product_id", "price", "freight_value"], items)
    write("quay", "payments.csv", ["order_id", "payment_type", "payment_value"], payments)
    write("quay", "products.csv", ["product_id", "product_category_name"], [article[:2] for article in goods])


def weir():
    """Gross beside net, an id beside the name, items that are a quantity, carriers by number, dates that were promised."""
    chance = random.Random(73)
    dealers = [(8801, "North Sports"), (8802, "Run & Co"), (8803, "Hill Shop"), (8804, "Trail Depot")]
    genres = [(1, "Rock"), (2, "Jazz"), (3, "Folk")]
    carriers = [(1, "Swift Parcel"), (2, "Harrow Freight"), (3, "Bell Express")]
    rows, number = [], 5000
    for day in days(date(2022, 10, 1), date(2023, 4, 30)):
        number += 1
        dealer = chance.choice(dealers)
        for _ in range(chance.randrange(1, 3)):
            count = chance.randrange(1, 9)
            net = money(count * chance.uniform(8, 30))
            rows.append((f"W{number}", day, day + timedelta(10), day + timedelta(chance.randrange(2, 16)), *dealer, chance.choice(genres)[0],
                         chance.choice(carriers)[0], count, money(net * 6 / 5), net, chance.choices(["versendet", "storniert"], [19, 1])[0]))
    write("weir", "deliveries.csv", ["Order No", "OrderDate", "RequiredDate", "ShippedDate", "Dealer ID", "Dealer", "GenreId", "ShipVia", "Items",
                                     "Gross Amt", "Net Amt", "Status"], rows)
    write("weir", "genre.csv", ["GenreId", "Name"], genres)
    write("weir", "carriers.csv", ["ShipperID", "CompanyName"], carriers)


if __name__ == "__main__":
    for company in (plaza, quay, weir):
        company()
