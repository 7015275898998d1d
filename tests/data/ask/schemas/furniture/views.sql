-- Short names for the cases: f order lines, fn those not cancelled, fr returned lines with what they lead to.
CREATE VIEW f AS SELECT order_ref o, ordered_on d, dispatched_on ds, delivered_on dl, client_ref cl, country, city, sales_route "route", article_code ac, article art,
  collection coll, room, finish fin, pieces pcs, list_price_eur::DECIMAL(9,2) lp, voucher vch, rebate_eur::DECIMAL(9,2) reb, goods_value_eur::DECIMAL(12,2) gv,
  landed_cost_eur::DECIMAL(12,2) lc, freight_charged_eur fr, carrier car, order_state os FROM orderlines;
CREATE VIEW fn AS SELECT * FROM f WHERE os <> 'Cancelled';
CREATE VIEW fr AS SELECT r.rma_no r, r.order_ref o, r.received_back d, r.pieces_returned pr, r.return_reason reason, r.credited_eur::DECIMAL(12,2) cr,
  f.art, f.coll, f.room, f.country, f.city, f."route", f.cl, f.car FROM "returns" r JOIN f ON f.o = r.order_ref AND f.ac = r.article_code;
