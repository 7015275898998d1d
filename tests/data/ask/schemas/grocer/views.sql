-- Short names for the cases: br branches, mem members, rg range, g till lines with all they lead to, st stock counts.
CREATE VIEW br AS SELECT branch_code bc, branch, county, "format" fmt, opened_on opened, trading_area_sq_ft area FROM branches;
CREATE VIEW rg AS SELECT barcode::VARCHAR barcode, item, aisle, own_label own, vendor, cost_price::DECIMAL(9,2) cp FROM "range";
CREATE VIEW mem AS SELECT card_number card, date_of_birth dob, home_county hc, enrolled_on enr, marketing_consent = 'Y' OR marketing_consent::VARCHAR = 'true' mc FROM loyalty_members;
CREATE VIEW pro AS SELECT promo_id pid, promotion promo, mechanic mech FROM promotions;
CREATE VIEW t AS SELECT basket_id b, strptime(till_time, '%d/%m/%Y %H:%M') ts, strptime(till_time, '%d/%m/%Y %H:%M')::DATE d, branch_code bc, card_number card, barcode::VARCHAR barcode, packs, promo_id pid,
  takings::DECIMAL(12,2) tk, tender FROM till_lines;
CREATE VIEW g AS SELECT t.*, br.* EXCLUDE (bc), rg.* EXCLUDE (barcode), mem.* EXCLUDE (card), pro.* EXCLUDE (pid)
  FROM t JOIN br USING (bc) JOIN rg USING (barcode) LEFT JOIN mem ON t.card = mem.card LEFT JOIN pro ON pro.pid = t.pid;
CREATE VIEW st AS SELECT count_date d, packs_on_hand oh, packs_wasted pw, br.*, rg.*
  FROM stock_counts s JOIN br ON br.bc = s.branch_code JOIN rg ON rg.barcode = s.barcode::VARCHAR;
