-- Short names for the cases.
create view w as select store, dept, date::date d, weekly_sales::decimal(18,4) s, isholiday hol, "type" ty, size from train join stores using(store);
create view f as select store, date::date d, temperature t, fuel_price fp, try_cast(markdown1 as double) m1, cpi, unemployment u, isholiday hol, "type" ty from features join stores using(store);
create view wf as select w.*, f.fp, f.t from w join f on w.store=f.store and w.d=f.d;
