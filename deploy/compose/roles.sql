-- The two roles of docs/operations.md: the owner changes tables, the application reads and writes rows.
-- Their passwords come from the environment; without them this stops.
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
create role thousand_owner login password :'owner_password';
create role thousand login password :'app_password';
-- Encoding and order are said here: a server that was made without a locale would make it SQL_ASCII.
create database thousand owner thousand_owner template template0 encoding 'UTF8' locale 'C.UTF-8';
