-- Short names for the cases: o orders, l their lines, r what came back with the line it was of, de deliveries, z payments.
CREATE VIEW o AS SELECT bestellnr o, coalesce(try_strptime(bestelldatum::VARCHAR, '%d.%m.%Y'), try_strptime(bestelldatum::VARCHAR, '%Y-%m-%d'))::DATE d, kundennr k,
  f.filialname f, f.stadt st, werbekanal w FROM bestellungen b JOIN filialen f USING (filialnr);
CREATE VIEW l AS SELECT p.bestellnr o, p.artikelnr a, menge::INTEGER q, replace(replace(umsatz::VARCHAR, '.', ''), ',', '.')::DECIMAL(18,2) u,
  x.bezeichnung n, x.warengruppe g, o.d, o.k, o.f, o.st, o.w FROM bestellpositionen p JOIN artikel x USING (artikelnr) JOIN o ON o.o = p.bestellnr;
CREATE VIEW r AS SELECT s.bestellnr o, s.artikelnr a, coalesce(try_strptime(retourdatum::VARCHAR, '%d.%m.%Y'), try_strptime(retourdatum::VARCHAR, '%Y-%m-%d'))::DATE rd,
  retourmenge::INTEGER q, retourgrund why, replace(replace(gutschrift::VARCHAR, '.', ''), ',', '.')::DECIMAL(18,2) cr, l.n, l.g, l.d, l.k, l.f, l.st, l.w
  FROM retouren s JOIN l ON l.o = s.bestellnr AND l.a = s.artikelnr;
CREATE VIEW de AS SELECT t.bestellnr o, t.artikelnr a, gelieferte_menge::INTEGER q, spediteur s, l.n, l.g, l.f FROM lieferungen t JOIN l ON l.o = t.bestellnr AND l.a = t.artikelnr;
CREATE VIEW z AS SELECT bestellnr o, replace(replace(betrag::VARCHAR, '.', ''), ',', '.')::DECIMAL(18,2) b, zahlungsart za, o.f, o.st FROM zahlungen t JOIN o ON o.o = t.bestellnr;
