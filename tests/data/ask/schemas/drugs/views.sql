-- Short names for the cases.
create view r as select store, dayofweek dow, date::date d, sales s, customers c, open o, promo p, stateholiday sh, schoolholiday sch, storetype st, assortment a, competitiondistance cd from train join store using(store);
