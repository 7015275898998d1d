-- Short names for the cases: acc accounts, rp reps, pl products, l the ledger with all it leads to, tg targets, vi visits.
CREATE VIEW acc AS SELECT account_no a, account_name an, outlet_type ot, territory terr, rep_code rc, credit_days cd, tier FROM accounts;
CREATE VIEW rp AS SELECT rep_code rc, rep_name rep, home_territory ht, hired_on hired FROM reps;
CREATE VIEW pl AS SELECT pack_code pc, preparation prep, therapy_area ta, manufacturer man, generic_or_branded gb, nhs_list_price::DECIMAL(9,2) lp FROM product_list;
CREATE VIEW l AS SELECT g.document_no dn, g.document_date d, g.account_no a, g.packs, g.net_amount_gbp::DECIMAL(12,2) net, g.cost_of_goods_gbp::DECIMAL(12,2) AS cost,
  an, ot, terr, cd, tier, rep, ht, hired, prep, ta, man, gb, lp
  FROM ledger g JOIN acc ON acc.a = g.account_no JOIN rp ON rp.rc = g.rep_code JOIN pl ON pl.pc = g.pack_code;
CREATE VIEW tg AS SELECT target_month d, rep, ht, target_gbp::DECIMAL(12,2) tgt FROM targets x JOIN rp ON rp.rc = x.rep_code;
CREATE VIEW vi AS SELECT week_commencing d, rep, ht, calls_made calls FROM visits x JOIN rp ON rp.rc = x.rep_code;
