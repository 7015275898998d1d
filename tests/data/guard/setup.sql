-- A small retail schema that statements may read, and beside it what they must not reach. {dir} is a scratch folder.
CREATE TABLE stores AS SELECT 'S' || n AS store_id, 'Store ' || n AS store, ['Leeds', 'York', 'Hull', 'Bath'][1 + n % 4] AS city,
  ['North', 'South'][1 + n % 2] AS region, DATE '2015-01-01' + (n * 97)::INT AS opened FROM range(12) t(n);
CREATE TABLE products AS SELECT 'P' || n AS product_id, 'Product ' || n AS product, ['Drinks', 'Snacks', 'Bakery', 'Home'][1 + n % 4] AS category,
  ['Acme', 'Bolt', 'Crest'][1 + n % 3] AS brand, (2 + n % 17)::DECIMAL(18,4) AS price, (1 + n % 9)::DECIMAL(18,4) AS cost FROM range(40) t(n);
CREATE TABLE customers AS SELECT 'C' || n AS customer_id, 'Customer ' || n AS customer, ['Retail', 'Trade', 'Online'][1 + n % 3] AS segment,
  ['UK', 'France', 'Spain'][1 + n * 7 % 3] AS country, DATE '2019-01-01' + (n * 5)::INT AS joined FROM range(200) t(n);
CREATE TABLE orders AS SELECT 'O' || n AS order_id, DATE '2022-01-01' + (n // 4)::INT AS order_date, 'C' || (n * 31 % 190) AS customer_id,
  'S' || (n * 7 % 12) AS store_id, ['paid', 'paid', 'paid', 'returned', 'cancelled'][1 + n % 5] AS status, ['web', 'app', 'store'][1 + n * 3 % 7 % 3] AS channel
  FROM range(2900) t(n);
CREATE TABLE order_lines AS SELECT 'O' || n AS order_id, l AS line_no, 'P' || ((n * 13 + l * 5) % 38) AS product_id, 1 + (n + l) % 5 AS quantity,
  (2 + (n * 13 + l * 5) % 17)::DECIMAL(18,4) AS unit_price, ((n % 4) * 0.05)::DECIMAL(18,4) AS discount,
  ((1 + (n + l) % 5) * (2 + (n * 13 + l * 5) % 17) * (1 - (n % 4) * 0.05))::DECIMAL(18,4) AS amount,
  ((1 + (n + l) % 5) * (1 + (n * 13 + l * 5) % 9))::DECIMAL(18,4) AS cost FROM range(2900) t(n), range(1, 4) s(l) WHERE (n + l) % 4 > 0;
CREATE TABLE visits AS SELECT (DATE '2022-01-01' + d::INT) AS day, ['web', 'app'][1 + c] AS channel, 20 + (d * 17 + c * 5) % 90 AS visits FROM range(725) t(d), range(2) u(c);
CREATE TABLE budget AS SELECT (DATE '2022-01-01' + to_months(m::INT))::DATE AS month, ['Drinks', 'Snacks', 'Bakery', 'Home'][1 + c] AS category,
  (800 + m * 10 + c * 50)::DECIMAL(18,4) AS budget FROM range(24) t(m), range(4) u(c);
-- what must stay out of reach
CREATE SCHEMA private;
CREATE TABLE payroll AS SELECT 'Pat' AS name, 4200 AS salary, 'S3CRET-TABLE' AS note;
CREATE TABLE private.payroll AS SELECT 'Kim' AS name, 5100 AS salary, 'S3CRET-SCHEMA' AS note;
CREATE VIEW wages AS SELECT note FROM payroll;
COMMENT ON TABLE orders IS 'S3CRET-COMMENT';
CREATE MACRO peek() AS (SELECT note FROM payroll);
CREATE MACRO peek_of(who) AS (SELECT note FROM payroll WHERE name = who);
CREATE MACRO peek_table() AS TABLE SELECT note FROM payroll;
CREATE SEQUENCE counter;
CREATE TYPE grade AS ENUM ('S3CRET-GRADE', 'b');
PREPARE peeking AS SELECT note FROM payroll;
SET VARIABLE token = 'S3CRET-VARIABLE';
SET http_proxy_password = 'S3CRET-SETTING';
COPY (SELECT 'S3CRET-FILE' AS note, 1 AS n) TO '{dir}/secret.csv' (HEADER);
COPY (SELECT 'S3CRET-FILE' AS note, 1 AS n) TO '{dir}/secret.parquet' (FORMAT parquet, KV_METADATA {owner: 'S3CRET-FILE'});
COPY (SELECT 'S3CRET-FILE' AS note, 1 AS n) TO '{dir}/secret.json' (FORMAT json);
COPY (SELECT 1 AS n) TO '{dir}/S3CRET-NAME.csv';
ATTACH '{dir}/secret.db' AS elsewhere;
CREATE TABLE elsewhere.payroll AS SELECT 'S3CRET-FILE' AS note;
DETACH elsewhere;
