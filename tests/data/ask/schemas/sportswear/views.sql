-- Short names for the cases: o order lines, on_ those fulfilled, ss sessions, ad advertising, bu the plan.
CREATE MACRO usd(x) AS replace(replace(x::VARCHAR, '$', ''), ',', '')::DECIMAL(12,2);
CREATE VIEW o AS SELECT order_no o, purchase_date d, shopper_id sh, gender gen, membership mb, ship_state stt, marketing_channel ch, device dev, style sty, sport, "type" typ, label lab, qty q,
  usd(gross_sales) gross, replace(markdown::VARCHAR, '%', '')::DECIMAL(9,2) / 100 md, usd(net_sales) ns, usd(cogs) cogs, line_status ls FROM order_items;
CREATE VIEW on_ AS SELECT * FROM o WHERE ls = 'fulfilled';
CREATE VIEW ss AS SELECT session_date d, marketing_channel ch, sessions s, carts ca FROM sessions;
CREATE VIEW ad AS SELECT ad_date d, marketing_channel ch, ad_campaign camp, usd(ad_cost) AS cost, impressions AS imp, ad_clicks clk FROM ad_costs;
CREATE VIEW bu AS SELECT (left(plan_month::VARCHAR, 7) || '-01')::DATE d, marketing_channel ch, usd(planned_net_sales) p FROM plan;
