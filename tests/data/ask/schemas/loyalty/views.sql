-- Short names for the cases.
create view st as select store_id sid, store_name store, area, opening_date opened, replace(cast(floor_space_sqm as varchar),',','')::integer sqm from stores;
create view mb as select cast(member_id as varchar) mid, enrolment_date joined, upper(tier[1])||lower(tier[2:]) tier, birth_year birth, gender, email_opt_in opt, home_store home from members;
create view tx as select transaction_id tid, transaction_date as day, store_id sid, cast(member_id as varchar) mid, channel, items, basket_value::decimal(18,4) amt, points_earned earned, points_redeemed redeemed from transactions;
