-- Short names for the cases.
create view o as select ordernumber o, quantityordered q, priceeach pe, sales::decimal(18,4) s, cast(orderdate as varchar) od, status st, make_date(year_id::int,month_id::int,1) m, year_id y, qtr_id qt, month_id mo, coalesce(try_strptime(orderdate::varchar,'%m/%d/%Y %H:%M'),try_cast(orderdate::varchar as timestamp))::date d, productline pl, msrp, productcode pc, customername c, city, country co, territory t, dealsize ds from sales;
create view n as select * from o where st<>'Cancelled';
