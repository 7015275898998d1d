-- Short names for the cases.
create view b as select item_identifier i, item_weight w, item_fat_content fat, item_visibility vis, item_type t, item_mrp mrp, outlet_identifier o, outlet_establishment_year y, outlet_size sz, outlet_location_type loc, outlet_type ot, item_outlet_sales s from train;
