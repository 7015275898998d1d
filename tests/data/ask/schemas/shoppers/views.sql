-- Short names for the cases.
create view t as select customer_id id, age, gender g, item_purchased item, category cat, purchase_amount_usd::decimal(18,4) a, "location" loc, size sz, color col, season se, review_rating rr, subscription_status sub, shipping_type sh, discount_applied di, previous_purchases pp, payment_method pm, frequency_of_purchases fq from shopping_trends;
