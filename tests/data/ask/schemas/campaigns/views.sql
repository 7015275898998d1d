-- Short names for the cases.
create view ads as select "date" as day, first_value(channel) over (partition by lower(channel) order by channel = lower(channel)) channel, campaign, replace(cast(impressions as varchar),',','')::bigint impressions, clicks, replace(replace(cost,'£',''),',','')::decimal(18,4) AS cost, conversions, replace(replace(conversion_value,'£',''),',','')::decimal(18,4) "value" from ad_spend;
create view web as select "date" as day, device, landing_page page, sessions, bounces, new_users, add_to_carts carts, transactions, revenue::decimal(18,4) revenue from web_sessions;
