-- The two roles of docs/operations.md: the owner changes tables, the application reads and writes rows.
create role thousand_owner login password 'change-me';
create role thousand login password 'change-me-too';
create database thousand owner thousand_owner;
