-- Short names for the cases: ck checks, kn those not voided, ci what was on them, cn the same without voided checks, si sites, me the menu.
CREATE VIEW si AS SELECT * FROM sites;
CREATE VIEW me AS SELECT * FROM menu;
CREATE VIEW ck AS SELECT check_no, seated_at::TIMESTAMP ts, seated_at::DATE d, site_id, waiter, covers, service_type sv, gratuity::DECIMAL(9,2) grat, payment, voided,
  guest_score::DECIMAL(4,2) gs, restaurant, town, concept, seats FROM checks JOIN sites USING (site_id);
CREATE VIEW ci AS SELECT check_no, item_code, portions, food_and_drink_sales::DECIMAL(12,2) fds, dish, course, vegetarian, menu_price, plate_cost::DECIMAL(9,2) pc, ck.* EXCLUDE (check_no)
  FROM check_items JOIN menu USING (item_code) JOIN ck USING (check_no);
CREATE VIEW kn AS SELECT * FROM ck WHERE NOT voided;
CREATE VIEW cn AS SELECT * FROM ci WHERE NOT voided;
