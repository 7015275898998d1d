-- Short names for the cases.
create view o as select o.order_id o, order_status st, order_purchase_timestamp::timestamp ts, order_purchase_timestamp::date d, order_delivered_customer_date::timestamp dl, order_estimated_delivery_date::timestamp est, c.customer_unique_id cu, c.customer_id cid, c.customer_city city, c.customer_state state from orders o join customers c using(customer_id);
create view i as select o.*, price::decimal(18,4) p, freight_value::decimal(18,4) f, i.product_id pid, i.seller_id sid, coalesce(t.product_category_name_english,pr.product_category_name) ce, pr.product_category_name cp, s.seller_city sc, s.seller_state ss from order_items i join o on o.o=i.order_id left join products pr using(product_id) left join category_translation t using(product_category_name) left join sellers s on s.seller_id=i.seller_id;
create view n as select * from i where st<>'canceled';
create view pay as select o.*, payment_type pt, payment_installments inst, payment_value::decimal(18,4) v from order_payments p join o on o.o=p.order_id;
create view rev as select o.*, review_score rs from order_reviews r join o on o.o=r.order_id;
